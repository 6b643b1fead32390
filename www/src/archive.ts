/** A project as a zip file. The same project gives the same bytes, at any time and in any time zone. */
import { type Zippable, zipSync } from "fflate";
import type { Project } from "packwright";

/** The oldest moment a zip file can tell. It has local times without a zone, and fflate reads the local fields of the date. */
const MODIFIED = new Date(1980, 0, 1);

/** Says that the attributes of an entry are those of a Unix system. */
const UNIX = 3;
const REGULAR_FILE = 0o100000;

/** Packs all files of a project, the lockfile included, into one folder. */
export function zipped(project: Project, folder: string): Uint8Array<ArrayBuffer> {
  const entries: Zippable = {};
  for (const { path, mode } of project.plan.operations) {
    const content = project.files.get(path);
    if (content === undefined) throw new Error(`the project has no content for ${path}`);
    // The upper half of the attributes is the Unix mode.
    const attrs = ((REGULAR_FILE | Number.parseInt(mode, 8)) << 16) >>> 0;
    entries[`${folder}/${path}`] = [content, { mtime: MODIFIED, os: UNIX, attrs }];
  }
  return zipSync(entries);
}

/** A project's name as the name of a folder that every system takes. */
export function folderName(projectName: string): string {
  const plain = projectName.normalize("NFKD").replace(/\p{M}/gu, "");
  const name = plain.toLowerCase().replace(/[^a-z0-9._]+/g, "-").replace(/^[-.]+|[-.]+$/g, "");
  return name === "" ? "project" : name;
}

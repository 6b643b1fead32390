// Reads a zip file with its Unix modes, which fflate does not give.
import assert from "node:assert/strict";
import { unzipSync } from "fflate";

/** Every file of a zip: by path, its content and its permissions. Checks that each is a regular file of Unix with the same date. */
export function readZip(bytes) {
  const contents = unzipSync(bytes);
  const entries = [...centralDirectory(bytes)];
  assert.deepEqual(entries.map(({ path }) => path).sort(), Object.keys(contents).sort());
  return Object.fromEntries(
    entries
      .map(({ path, system, attributes, modified }) => {
        assert.equal(system, 3, `${path} is not from Unix`);
        assert.equal((attributes >>> 28) & 0o17, 0o10, `${path} is no regular file`);
        assert.equal(modified, (1 << 21) | (1 << 16), `${path} is not of 1980-01-01`);
        return [path, { content: Buffer.from(contents[path]).toString("latin1"), mode: ((attributes >>> 16) & 0o7777).toString(8) }];
      })
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

// APPNOTE.TXT 4.3.12 and 4.3.16.
function* centralDirectory(bytes) {
  const end = bytes.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left -= 1) {
    assert.equal(bytes.toString("latin1", at, at + 4), "PK\x01\x02");
    const [name, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset));
    yield {
      path: bytes.toString("utf8", at + 46, at + 46 + name),
      system: bytes[at + 5],
      modified: bytes.readUInt32LE(at + 12),
      attributes: bytes.readUInt32LE(at + 38),
    };
    at += 46 + name + extra + comment;
  }
}

//! What only a registry with npm's protocol has: searches, and tarballs with addresses of their own.

use std::collections::BTreeMap;

use super::registry::{File, Place, Registry};
use crate::address::{Address, AddressError};
use crate::diagnostic::{Code, Diagnostic};
use crate::name::{PackName, PackageName};
use crate::registry::npm::{
    Form, Packument, SEARCH_SIZE, SEARCHES, packument_path, parse_packument, parse_search, search_path,
};
use crate::registry::{Release, Summary};
use crate::session::cancelled;
use crate::session::transport::{Sent, Transport};

/// The most pages of results that are asked for.
pub(super) const MAX_PAGES: usize = 40;

/// What a registry says of a name.
pub(super) fn packument(name: &PackageName, form: Form) -> File {
    File::entry(packument_path(name)).accepting(form.accept())
}

/// An address below that of a registry.
pub(in crate::session) fn below(base: &Address, path: &str) -> Result<Address, Diagnostic> {
    let address = base.join(path);
    address.map_err(|error| Diagnostic::error(Code::InvalidRegistry, error.to_string()))
}

impl Registry {
    /// The packs that an npm registry finds, on so many pages: by their keyword or, where that finds
    /// nothing, among all there is.
    pub(super) async fn search(
        &self,
        transport: &Transport,
        pages: usize,
    ) -> Result<Vec<Summary>, Vec<Diagnostic>> {
        let mut packs: BTreeMap<PackName, Summary> = BTreeMap::new();
        for text in SEARCHES {
            for page in 0..pages {
                let file = File::entry(search_path(text, page * SEARCH_SIZE));
                let parse = |text: &str| parse_search(&self.id, text);
                let found = match self.parsed(transport, file, parse).await {
                    Ok(Some(found)) => found,
                    Ok(None) => {
                        let message = format!("{} cannot be searched", self.shown());
                        let error = Diagnostic::error(Code::BadResponse, message).about(&self.id);
                        return Err(error.suggest("name the packs you want; that needs no list").into());
                    }
                    // npm's own registry refuses to search for nothing.
                    Err(errors) if text.is_empty() && errors[0].code == Code::BadResponse => break,
                    Err(errors) => return Err(errors),
                };
                packs.extend(found.summaries.into_iter().map(|summary| (summary.name.clone(), summary)));
                if found.results < SEARCH_SIZE {
                    break;
                }
            }
            if !packs.is_empty() {
                break;
            }
        }
        Ok(packs.into_values().collect())
    }

    /// What it has of a name right now, packs or not.
    pub(in crate::session) async fn packument(
        &self,
        transport: &Transport,
        name: &PackageName,
    ) -> Result<Option<Packument>, Vec<Diagnostic>> {
        let parse = |text: &str| parse_packument(name, text, Form::Package);
        Ok(self.parsed(transport, packument(name, Form::Pack).anew(), parse).await?.flatten())
    }

    /// What it says of a name right now, to be changed and sent back.
    pub(in crate::session) async fn packument_to_change(
        &self,
        transport: &Transport,
        name: &PackageName,
    ) -> Result<Option<String>, Vec<Diagnostic>> {
        let file = File::entry(format!("{}?write=true", packument_path(name)));
        let file = file.accepting(Form::Pack.accept()).anew();
        self.parsed(transport, file, |text| Ok(text.to_owned())).await
    }

    /// Sends a packument. What is kept of it is asked for anew from then on, also if the answer is lost.
    pub(in crate::session) async fn store(
        &self,
        transport: &Transport,
        base: &Address,
        name: &PackageName,
        packument: String,
    ) -> Result<Sent, Diagnostic> {
        if transport.exchange.is_cancelled() {
            return Err(cancelled());
        }
        let address = below(base, &packument_path(name))?;
        self.outdate(transport, name).await;
        let sent = transport.put(&address, self.authorization.as_ref(), packument.into_bytes()).await;
        sent.map_err(|error| self.blame(error))
    }

    async fn outdate(&self, transport: &Transport, name: &PackageName) {
        let Place::Npm(base) = &self.place else { return };
        let key = |file: File| self.get(base, &file).ok().and_then(|get| get.key);
        for form in [Form::Pack, Form::Package] {
            if let Some(key) = key(packument(name, form)) {
                transport.outdate(&key).await;
            }
        }
        for text in SEARCHES {
            for page in 0..MAX_PAGES {
                match key(File::entry(search_path(text, page * SEARCH_SIZE))) {
                    Some(key) if transport.outdate(&key).await => {}
                    _ => break,
                }
            }
        }
    }

    /// Where a release's tarball is. Whoever publishes writes that, so it must be on the registry's own
    /// origin or on one that the configuration names. Where a registry then sends us on is its word.
    pub(super) fn tarball(&self, base: &Address, release: &Release) -> Result<Address, Diagnostic> {
        let refuse = |reason: String| {
            let message = format!("the archive of `{}` is refused", release.label());
            self.blame(Diagnostic::error(Code::InvalidRegistry, message).because(reason).about(&release.name))
        };
        let text = release.archive.as_deref().unwrap_or_default();
        let address: Address = text.parse().map_err(|error: AddressError| refuse(error.to_string()))?;
        let is_allowed = address.origin() == base.origin()
            || self.archives.iter().any(|allowed| allowed.origin() == address.origin());
        if !is_allowed {
            let origin = address.origin();
            let reason = format!("it is said to be at {origin}, which is not the registry's own origin");
            return Err(refuse(reason).suggest(format!(
                "if you trust it, add `archives = [\"{origin}\"]` to the registry in packwright.toml"
            )));
        }
        Ok(address)
    }
}

//! Reads secrets: `env:NAME`, `file:PATH`, or the text itself (with a note).

use super::secret::{Origin, Secret};
use super::section::Item;

/// A password or PIN.
pub(super) fn secret(item: &Item<'_>) -> Option<Secret> {
    let allowed = "\"env:NAME\" (an environment variable), \"file:PATH\" (a file that holds \
                   nothing else), or the text itself";
    let Some(text) = item.text().filter(|text| !text.is_empty()) else {
        item.fault(
            "this is not a secret in quotes",
            format!("allowed: {allowed}"),
        );
        return None;
    };
    if let Some(name) = text.strip_prefix("env:") {
        return match std::env::var(name) {
            Ok(value) if !value.is_empty() => {
                Some(Secret::new(value, Origin::Env(name.to_owned())))
            }
            _ => {
                let problem = format!("the environment variable `{name}` is not set");
                item.fault(
                    problem,
                    format!("set it before the start, or use {allowed}"),
                );
                None
            }
        };
    }
    if let Some(path) = text.strip_prefix("file:") {
        return from_file(item, path);
    }
    item.doc.note(
        item.span.clone(),
        &item.path,
        "a secret stands in the file; \"env:NAME\" or \"file:PATH\" keeps it out of backups and \
         version control",
    );
    Some(Secret::new(text, Origin::Inline))
}

fn from_file(item: &Item<'_>, path: &str) -> Option<Secret> {
    let file = item.doc.directory().join(path);
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) => {
            let remedy = "write the secret into that file, readable for the service's user only \
                          (chmod 600); a relative path counts from the configuration file";
            item.fault(format!("cannot read {}: {error}", file.display()), remedy);
            return None;
        }
    };
    let value = text.trim_end_matches(['\r', '\n']);
    if value.is_empty() || value.contains('\n') {
        item.fault(
            format!("{} must hold one line, the secret", file.display()),
            "write the secret alone into it",
        );
        return None;
    }
    Some(Secret::new(value, Origin::File(path.to_owned())))
}

/// The supervisor's token: long enough not to be guessed.
pub(super) fn token(item: &Item<'_>) -> Option<Secret> {
    let secret = secret(item)?;
    let fits = secret.expose().len() >= 16 && secret.expose().bytes().all(|b| b.is_ascii_graphic());
    if !fits {
        item.fault(
            "the token can be guessed, or cannot be sent in a header",
            "allowed: at least 16 letters, digits and signs without spaces; `openssl rand -hex 24` \
             makes one",
        );
    }
    fits.then_some(secret)
}

/// An agent's PIN: what a phone's keys can enter.
pub(super) fn pin(item: &Item<'_>) -> Option<Secret> {
    let secret = secret(item)?;
    let text = secret.expose();
    let fits = (4..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if !fits {
        item.fault(
            "this PIN cannot be entered on a phone",
            "allowed: 4 to 12 digits in quotes",
        );
    }
    fits.then_some(secret)
}

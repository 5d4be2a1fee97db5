//! `values.yaml`: its leaves, and the comments above its keys.

use serde_json::Value;

use crate::helm::chart;

pub fn text() -> String {
    std::fs::read_to_string(chart().join("values.yaml")).unwrap()
}

pub fn defaults() -> Value {
    rolewright::yaml::documents::<Value>(&text()).unwrap().remove(0)
}

/// A key with a comment right above it.
#[derive(Debug)]
pub struct Documented {
    pub section: String,
    /// With dots.
    pub path: String,
    pub comment: String,
}

/// Keys with comments, in the order of the file. `## ` begins a section.
pub fn documented() -> Vec<Documented> {
    let (mut found, mut section, mut comment) = (Vec::new(), String::new(), Vec::new());
    let mut above: Vec<(usize, String)> = Vec::new();
    for line in text().lines() {
        let body = line.trim_start();
        let indent = line.len() - body.len();
        if let Some(title) = body.strip_prefix("## ") {
            title.clone_into(&mut section);
        } else if let Some(words) = body.strip_prefix("# ") {
            comment.push(words.to_owned());
        } else if let Some((key, _)) = body.split_once(':').filter(|_| !body.starts_with('-')) {
            above.retain(|(other, _)| *other < indent);
            above.push((indent, key.to_owned()));
            if !comment.is_empty() {
                let path = above.iter().map(|(_, key)| key.as_str()).collect::<Vec<_>>().join(".");
                found.push(Documented {
                    section: section.clone(),
                    path,
                    comment: comment.join(" "),
                });
            }
            comment.clear();
        } else {
            comment.clear();
        }
    }
    found
}

/// Paths to everything that is no object with members.
pub fn leaves() -> Vec<Vec<String>> {
    fn walk(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
        match value.as_object().filter(|members| !members.is_empty()) {
            Some(members) => {
                for (key, child) in members {
                    path.push(key.clone());
                    walk(child, path, found);
                    path.pop();
                }
            }
            None => found.push(path.clone()),
        }
    }
    let mut found = Vec::new();
    walk(&defaults(), &mut Vec::new(), &mut found);
    found
}

/// The value at a path, null where there is none.
pub fn at<'a>(values: &'a Value, path: &[String]) -> &'a Value {
    path.iter().fold(values, |value, key| &value[key.as_str()])
}

/// An object that holds `value` at a path.
pub fn nested(path: &[String], value: Value) -> Value {
    path.iter()
        .rev()
        .fold(value, |value, key| Value::Object([(key.clone(), value)].into_iter().collect()))
}

//! The methods of Python's texts and maps that templates for Jinja use, and no others.
//!
//! Those that can make much of little are our filters of the same name, which pay for what they
//! make.

use minijinja::value::{ValueKind, from_args};
use minijinja::{Error, ErrorKind, State, Value};

/// What `value.method(args)` gives.
pub(super) fn call(state: &mut State, value: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    match (value.as_str(), value.kind()) {
        (Some(text), _) => of_text(state, value, text, method, args),
        (None, ValueKind::Map) => of_map(state, value, method, args),
        _ => Err(ErrorKind::UnknownMethod.into()),
    }
}

fn of_text(
    state: &mut State,
    value: &Value,
    text: &str,
    method: &str,
    args: &[Value],
) -> Result<Value, Error> {
    match method {
        "lower" | "upper" | "title" | "capitalize" | "replace" | "split" => {
            let args: Vec<Value> = std::iter::once(value).chain(args).cloned().collect();
            let result = state.apply_filter(method, &args)?;
            // Python's `split` gives a list.
            if method == "split" { state.apply_filter("list", &[result]) } else { Ok(result) }
        }
        "splitlines" => {
            let () = from_args(args)?;
            state.apply_filter("lines", std::slice::from_ref(value))
        }
        "join" => {
            let (items,): (Value,) = from_args(args)?;
            state.apply_filter("join", &[items, value.clone()])
        }
        "strip" | "lstrip" | "rstrip" => {
            let (chars,): (Option<&str>,) = from_args(args)?;
            let strips = |c: char| chars.map_or(c.is_whitespace(), |chars| chars.contains(c));
            let text = if method == "rstrip" { text } else { text.trim_start_matches(strips) };
            Ok(Value::from(if method == "lstrip" { text } else { text.trim_end_matches(strips) }))
        }
        "startswith" => {
            let (start,): (&str,) = from_args(args)?;
            Ok(Value::from(text.starts_with(start)))
        }
        "endswith" => {
            let (end,): (&str,) = from_args(args)?;
            Ok(Value::from(text.ends_with(end)))
        }
        _ => Err(ErrorKind::UnknownMethod.into()),
    }
}

fn of_map(state: &mut State, map: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    match method {
        "items" => {
            let () = from_args(args)?;
            state.apply_filter("items", std::slice::from_ref(map))
        }
        "keys" => {
            let () = from_args(args)?;
            state.apply_filter("list", std::slice::from_ref(map))
        }
        "values" => {
            let () = from_args(args)?;
            map.try_iter()?.map(|key| map.get_item(&key)).collect()
        }
        "get" => {
            let (key, otherwise): (&Value, Option<Value>) = from_args(args)?;
            let found = map.get_item(key)?;
            Ok(if found.is_undefined() { otherwise.unwrap_or(Value::from(())) } else { found })
        }
        _ => Err(ErrorKind::UnknownMethod.into()),
    }
}

// Answers GET /hello?name=Ada. Change it, run `sh build.sh`, and reload the page.
use std::env;

fn main() {
    let query = env::var("QUERY_STRING").unwrap_or_default();
    let name = param(&query, "name").unwrap_or_else(|| "world".into());
    print!("Content-Type: text/plain; charset=utf-8\n\n");
    print!("Hello, {name}!\nI am a WebAssembly handler written in Rust.\n");
}

/// The percent-decoded value of a parameter of the query.
fn param(query: &str, name: &str) -> Option<String> {
    let pairs = query.split('&').filter_map(|part| part.split_once('='));
    let (_, value) = pairs.into_iter().find(|(key, _)| *key == name)?;
    Some(decode(value))
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = bytes.get(at + 1..at + 3).filter(|pair| pair.iter().all(u8::is_ascii_hexdigit));
        let pair = pair.and_then(|pair| std::str::from_utf8(pair).ok());
        match (bytes[at], pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
                continue;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

use super::super::sample;
use super::*;

#[test]
fn the_page_is_as_it_was() {
    let page = page(&sample::review());
    seal::check(page.as_bytes()).expect("sealed");
    // The style sheet is a file of its own.
    insta::assert_snapshot!(page.replace(STYLE, "STYLE").replace("><", ">\n<"));
}

#[test]
fn every_section_is_there_even_if_there_is_nothing_to_tell() {
    for review in [sample::review(), sample::empty(), sample::hostile()] {
        let page = page(&review);
        for (id, title) in SECTIONS {
            assert!(page.contains(&format!("<section id=\"{id}\"")), "{id}");
            assert!(page.contains(&format!("<h2 id=\"h-{id}\">{title}</h2>")), "{title}");
        }
    }
}

#[test]
fn nothing_that_users_write_becomes_markup() {
    let page = page(&sample::hostile());
    assert!(!page.contains("<script"), "tags are escaped");
    assert!(page.contains("&lt;script&gt;"), "and shown");
    assert!(
        !page.contains("href=\"javascript:") && !page.contains("href=\"data:"),
        "no address but the web's"
    );
    let attributes = page.matches("onload=").count();
    assert!(attributes > 0, "the text is there");
    assert_eq!(page.matches("&quot; onload=").count(), attributes, "no quote ends an attribute");
    assert!(!page.contains('\u{202e}'), "nothing turns the direction of the text");
}

#[test]
fn nothing_is_loaded() {
    let page = page(&sample::review());
    for needle in ["src=", "@import", "url(", "<link", "<script", "<img", "<iframe"] {
        assert!(!page.contains(needle), "{needle}");
    }
}

#[test]
fn no_promise_of_compliance() {
    let page = page(&sample::review()).to_lowercase();
    for word in ["compliant", "compliance", "certified", "guarantee"] {
        assert!(!page.contains(word), "{word}");
    }
}

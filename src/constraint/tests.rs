use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::version;

fn constraint(text: &str) -> Constraint {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

fn set(text: &str) -> VersionSet {
    constraint(text).set().clone()
}

/// What a constraint is in full, and that this text is read as the same set.
fn check(text: &str, normal_form: &str) {
    assert_eq!(set(text).to_string(), normal_form, "{text}");
    assert_eq!(set(normal_form), set(text), "{text} and {normal_form}");
}

#[test]
fn the_table_of_the_module() {
    for (text, normal_form) in [
        ("1.2.3", "^1.2.3"),
        ("1.2", "^1.2.0"),
        ("1", "^1.0.0"),
        ("^0.2.3", "^0.2.3"),
        ("^0.0.3", "=0.0.3"),
        ("^0.0", "<0.1.0"),
        ("^0", "<1.0.0"),
        ("~1.2.3", "~1.2.3"),
        ("~1.2", "~1.2.0"),
        ("~1", "^1.0.0"),
        ("~>1.2", "~1.2.0"),
        ("=1.2.3", "=1.2.3"),
        ("=1.2", "~1.2.0"),
        (">1.2", ">=1.3.0"),
        (">=1.2", ">=1.2.0"),
        ("<1.2", "<1.2.0"),
        ("<=1.2", "<1.3.0"),
        ("*", "*"),
        ("1.*", "^1.0.0"),
        ("1.2.*", "~1.2.0"),
        ("1.x", "^1.0.0"),
        ("1.X", "^1.0.0"),
        ("1.x.x", "^1.0.0"),
        ("^1.x", "^1.0.0"),
        ("~1.2.x", "~1.2.0"),
        (">1.x", ">=2.0.0"),
        ("x", "*"),
        ("^*", "*"),
        ("~*", "*"),
        ("=*", "*"),
        (">=*", "*"),
        ("<=*", "*"),
        (">*", "<0.0.0-0"),
        ("<*", "<0.0.0-0"),
        ("1.2.3 - 2.3.4", ">=1.2.3, <2.3.5"),
        ("1.2 - 2.3", ">=1.2.0, <2.4.0"),
        ("^1.2, <1.5", ">=1.2.0, <1.5.0"),
        ("^1.2 <1.5", ">=1.2.0, <1.5.0"),
        ("^1.2 || ^2", ">=1.2.0, <3.0.0"),
        (">=1.0.0-rc.1", ">=1.0.0-rc.1"),
        ("latest", "*"),
    ] {
        check(text, normal_form);
    }
}

#[test]
fn texts_are_read_as_the_field_reads_them() {
    for (text, normal_form) in [
        (">= 1.2", ">=1.2.0"),
        ("~> 1", "^1.0.0"),
        ("<\t2", "<2.0.0"),
        (" 1.2 ", "^1.2.0"),
        ("1.2.3+build", "^1.2.3"),
        ("=1.2.3-a+build.1", "=1.2.3-a"),
        ("1.2.3-2.3.4", "^1.2.3-2.3.4"),
        ("^1 ^1.2,<1.9 , >0", ">=1.2.0, <1.9.0"),
        ("1 - 3 <2", "^1.0.0"),
        ("^1.5 1 - 3", "^1.5.0"),
        ("x - 1.x", "<2.0.0"),
        ("1.x - x", ">=1.0.0"),
        ("1||3||2", ">=1.0.0, <4.0.0"),
        ("<1.2.3 || >1.2.3", "<1.2.3 || >=1.2.4"),
        ("<1.2.3 || >=1.2.3", "*"),
        (">1.2.3, <1.2.4", "<0.0.0-0"),
        (">2 <1", "<0.0.0-0"),
        ("<0.0.0-0", "<0.0.0-0"),
        ("<0.0.0", "<0.0.0-0"),
        ("=0.0.0", "=0.0.0"),
        ("^0.0.0", "=0.0.0"),
        ("<0.0.1", "=0.0.0"),
        ("1.2.3 - 1.2.3", "=1.2.3"),
    ] {
        check(text, normal_form);
    }
}

#[test]
fn prereleases_are_written_next_to_their_release() {
    for (text, normal_form) in [
        ("1.0.0-a", "^1.0.0-a"),
        ("~1.2.0-a", "~1.2.0-a"),
        ("=1.5.0-a", "=1.5.0-a"),
        (">=1.0.0-a, <2", "^1.0.0-a"),
        (">1.0.0-a, <1.0.0", ">=1.0.0-a.0, <1.0.0"),
        ("<=1.0.0-a", "<1.0.0-a.0"),
        ("^1, <2.0.0-b", "^1.0.0"),
        (">=1.0.0, <2.0.0-b", ">=1.0.0, <2.0.0-b"),
        (">=1.0.0-a, <2.0.0-b", ">=1.0.0-a, <2.0.0-b"),
        ("<2.0.0-b", "<2.0.0-b"),
        ("<0.0.0-b", ">=0.0.0-0, <0.0.0-b"),
        (">=0.0.0-a", ">=0.0.0-a"),
        (">=0.0.0-a, <0.0.1", "^0.0.0-a"),
        ("^1 || >=1.5.0-a, <1.5.0", "^1.0.0 || >=1.5.0-a, <1.5.0"),
        ("^1 || =1.5.0-a || =1.5.0-c", "^1.0.0 || =1.5.0-a || =1.5.0-c"),
        ("=1.5.0-a || ^1.5.0", "=1.5.0-a || ^1.5.0"),
        ("^1 || >=2.0.0-0, <2.0.0", "^1.0.0 || >=2.0.0-0, <2.0.0"),
        (">=1.2.3-a, <1.2.3 || >=1.2.4-0, <1.2.4-b", ">=1.2.3-a, <1.2.3 || >=1.2.4-0, <1.2.4-b"),
        (">=1.2.3-a, <1.2.4-b", ">=1.2.3-a, <1.2.4-b"),
    ] {
        check(text, normal_form);
    }
}

#[test]
fn the_largest_versions_have_bounds() {
    let max = version::MAX_COMPONENT;
    for (text, normal_form) in [
        (format!("^{max}"), format!(">={max}.0.0")),
        (format!(">{max}"), "<0.0.0-0".to_owned()),
        (format!("<={max}"), "*".to_owned()),
        (format!("=1.2.{max}"), format!("=1.2.{max}")),
        (format!("<=1.2.{max}"), "<1.3.0".to_owned()),
        (format!(">1.{max}.{max}"), ">=2.0.0".to_owned()),
        (format!(">{max}.{max}.{max}"), "<0.0.0-0".to_owned()),
        (format!("={max}.{max}.{max}"), format!(">={max}.{max}.{max}")),
        (format!("={max}.{max}.{max}-a"), format!("={max}.{max}.{max}-a")),
        (
            format!(">={max}.{max}.{max}-a, <{max}.{max}.{max}"),
            format!(">={max}.{max}.{max}-a, <{max}.{max}.{max}"),
        ),
    ] {
        check(&text, &normal_form);
    }
    let longest = format!("1.0.0-{}", "a".repeat(version::MAX_LENGTH - 6));
    for text in [
        format!(">{longest}"),
        format!("<={longest}"),
        format!("={longest}"),
        longest.clone(),
        format!(">{longest}, <2"),
    ] {
        let again = set(&text).to_string();
        assert_eq!(set(&again), set(&text), "{text} and {again}");
    }
    assert!(!constraint(&format!(">{longest}")).matches(&version(&longest)));
    assert!(constraint(&format!("<={longest}")).matches(&version(&longest)));
}

#[test]
fn sets_without_a_text_are_told_to_people() {
    let with = |text: &str| constraint(text).with_prereleases().set().to_string();
    assert_eq!(with("^1"), "^1.0.0 (with pre-releases)");
    assert_eq!(with("*"), "* (with pre-releases)");
    assert_eq!(with("latest"), "* (with pre-releases)");
    assert_eq!(with("=1.2.3"), "=1.2.3");
    assert_eq!(with(">=1.2.3, <1.2.4"), "=1.2.3 || >=1.2.4-0, <1.2.4");
    assert_eq!(set("^1").complement().to_string(), "<1.0.0 || >=2.0.0 (with pre-releases)");
}

#[test]
fn a_prerelease_must_be_named() {
    for (text, inside, outside) in [
        ("*", "0.0.1", "1.0.0-rc.1"),
        (">=1.0.0-rc.1", "1.0.0-rc.2", "1.0.1-rc.1"),
        ("^1.0.0-a || ^2", "1.0.0-b", "2.0.0-b"),
        ("1.0.0-a - 2.0.0-b", "2.0.0-a", "2.0.0-c"),
        (">=1.2 <1.2.5-a", "1.2.4", "1.2.5-0"),
        ("1.2 - 1.2.5-a", "1.2.5-0", "1.2.5-b"),
        ("1.2.3 - 2 >=1.2.3-a", "1.2.3", "1.2.3-b"),
        ("* 1.2.3-a", "1.2.3-b", "1.2.4-b"),
    ] {
        assert!(constraint(text).matches(&version(inside)), "{text} admits {inside}");
        assert!(!constraint(text).matches(&version(outside)), "{text} refuses {outside}");
    }
    let plain = constraint("^1.2");
    let all = plain.with_prereleases();
    assert!(all.matches(&version("1.2.0-0")) && !all.matches(&version("2.0.0-0")));
    assert_eq!((all.to_string(), all == plain), (plain.to_string(), false));
    assert_eq!(all.with_prereleases(), all);
    assert!(all.has_prereleases() && !plain.has_prereleases());
}

#[test]
fn constraints_from_versions() {
    for (text, exactly, compatible) in
        [("1.2.3+b", "=1.2.3", "^1.2.3"), ("0.1.0-a", "=0.1.0-a", "^0.1.0-a"), ("0.0.0", "=0.0.0", "^0.0.0")]
    {
        for (made, text) in [
            (Constraint::exactly(&version(text)), exactly),
            (Constraint::compatible_with(&version(text)), compatible),
        ] {
            assert_eq!(made, constraint(text));
            assert_eq!(made.set(), constraint(text).set());
        }
    }
}

#[test]
fn latest_is_a_word() {
    assert!(constraint(" latest ").is_latest() && constraint("latest").with_prereleases().is_latest());
    assert_eq!(constraint(" latest ").as_str(), "latest");
    assert!(!Constraint::any().is_latest());
    assert_eq!(constraint("latest").set(), Constraint::any().set());
    assert_eq!(Constraint::any(), constraint("*"));
    assert_eq!(Constraint::any().set(), constraint("*").set());
}

#[test]
fn the_best_of_several() {
    let versions = ["1.2.0+a", "2.0.0", "1.2.0+b", "1.9.0-a", "1.0.0"].map(version);
    let best = |text: &str| {
        let constraint = constraint(text);
        let shown = |version: Option<&Version>| version.map(Version::to_string).unwrap_or_default();
        (shown(min_satisfying(&versions, &constraint)), shown(max_satisfying(&versions, &constraint)))
    };
    assert_eq!(best("^1"), ("1.0.0".to_owned(), "1.2.0+a".to_owned()));
    assert_eq!(best("^1.1"), ("1.2.0+a".to_owned(), "1.2.0+a".to_owned()));
    assert_eq!(best("^1.9.0-a"), ("1.9.0-a".to_owned(), "1.9.0-a".to_owned()));
    assert_eq!(best("latest"), ("1.0.0".to_owned(), "2.0.0".to_owned()));
    assert_eq!(best(">2"), (String::new(), String::new()));
}

#[test]
fn errors_say_what_stands_there() {
    let inputs = [
        "  ",
        "1 ||",
        "|| 1",
        "1 || || 2",
        "1 | 2",
        "1 |",
        ">|1",
        "1 && 2",
        "1&&2",
        "1,",
        "1,,2",
        ",1",
        ">=",
        "^1 ~",
        ">= >= 1",
        "one",
        "1 two",
        "1.2.3.4",
        "1..2",
        "1.",
        ".1",
        "1.2beta",
        "1.a",
        "01",
        "1.02",
        "9007199254740992",
        "1.99999999999999999999",
        "x.1",
        "1.x.5",
        "*-a",
        "1.2-a",
        "1.2+b",
        "1.2.3-",
        "1.2.3-01",
        "1.2.3-a_b",
        "1.2.3+",
        "v1.2.3",
        "^v1",
        ">=V2",
        "==1.2.3",
        "=>1",
        "=<1",
        "~=1.2",
        "!=1.2.3",
        "<>1",
        "><1",
        ">=1<2",
        "1 -2",
        "1- 2",
        "1 - ",
        "- 1",
        "1 - 2 - 3",
        ">=1 - 2",
        "1 - <2",
        "1 - -",
        "latest, 1",
        "^latest",
        "Latest",
        "1 || latest",
        "1\u{b}2",
        "^1.\u{1b}[31m",
        "\u{202e}1",
        "'1'",
    ];
    let told: Vec<String> = inputs
        .iter()
        .map(|text| {
            text.parse::<Constraint>().map_or_else(|error| error.to_string(), |read| panic!("{read} is read"))
        })
        .collect();
    insta::with_settings!({ snapshot_path => "../../tests/cases/constraint", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("errors", told.join("\n"));
    });
}

#[test]
fn texts_have_limits() {
    let error = |text: &str| text.parse::<Constraint>().unwrap_err().to_string();
    let of_length = |length: usize| format!("{:length$}", "1");
    assert_eq!(constraint(&of_length(MAX_LENGTH)).to_string(), "1");
    assert_eq!(error(&of_length(MAX_LENGTH + 1)), "a constraint has at most 1024 characters");
    let spread = |count: usize| (0..count).map(|n| (2 * n + 100).to_string()).collect::<Vec<_>>().join("||");
    assert_eq!(set(&spread(80)).to_string().len(), 80 * 12 - 4);
    assert!(spread(100).len() < MAX_LENGTH);
    assert_eq!(
        error(&spread(100)),
        "a constraint has at most 1024 characters, also when its versions are written out"
    );
    let long = format!("1.2.3-{}", "a".repeat(version::MAX_LENGTH));
    assert!(
        error(&long).ends_with(
            "a…` is not a version constraint such as `^1.2`: a version has at most 256 characters"
        )
    );
}

#[test]
fn requirements() {
    let scoped: Requirement = "@acme/web@^1".parse().unwrap();
    assert_eq!((scoped.name.as_str(), scoped.to_string().as_str()), ("@acme/web", "@acme/web@^1"));
    assert_eq!("web".parse::<Requirement>().unwrap().to_string(), "web@*");
    assert!("web@latest".parse::<Requirement>().unwrap().constraint.is_latest());
    assert!("web@".parse::<Requirement>().unwrap_err().to_string().contains("empty"));
    assert!("W@1".parse::<Requirement>().unwrap_err().to_string().contains("pack name"));
}

/// A partial version as numbers, and its pre-release.
#[derive(Clone, Debug)]
struct Written {
    numbers: Vec<u64>,
    pre: &'static str,
}

/// The judge of the whole grammar: comparators are held against versions one component after the
/// other, and no set is made.
#[derive(Clone, Debug)]
enum Judge {
    Unary(&'static str, Written),
    Hyphen(Written, Written),
}

impl Written {
    fn version(&self) -> semver::Version {
        let number = |place: usize| self.numbers.get(place).copied().unwrap_or(0);
        let mut version = semver::Version::new(number(0), number(1), number(2));
        version.pre = semver::Prerelease::new(self.pre).unwrap();
        version
    }

    /// How the written components of a version compare with these.
    fn prefix(&self, version: &semver::Version) -> std::cmp::Ordering {
        let components = [version.major, version.minor, version.patch];
        components[..self.numbers.len()].cmp(&self.numbers)
    }

    /// How a version compares with this one, free components being equal to all.
    fn compared(&self, version: &semver::Version) -> std::cmp::Ordering {
        match self.numbers.len() {
            3 => version.cmp_precedence(&self.version()),
            _ => self.prefix(version),
        }
    }
}

impl Judge {
    fn named(&self) -> Vec<&Written> {
        let written = match self {
            Judge::Unary(_, written) => vec![written],
            Judge::Hyphen(start, end) => vec![start, end],
        };
        written.into_iter().filter(|written| !written.pre.is_empty()).collect()
    }

    /// As `compared` in precedence, with the caret's and the tilde's components on top.
    fn admits_all(&self, version: &semver::Version) -> bool {
        let (op, written) = match self {
            Judge::Unary(op, written) => (*op, written),
            Judge::Hyphen(start, end) => {
                let reaches = |written: &Written| match written.pre {
                    "" => written.prefix(version),
                    _ => written.compared(version),
                };
                return reaches(start).is_ge() && reaches(end).is_le();
            }
        };
        let compared = written.compared(version);
        let same = |count: usize| {
            let components = [version.major, version.minor, version.patch];
            written.numbers.iter().zip(components).take(count).all(|(one, other)| *one == other)
        };
        match (op, written.numbers.as_slice()) {
            (">" | "<", []) => false,
            (_, []) => true,
            ("=", _) => compared.is_eq(),
            (">", _) => compared.is_gt(),
            (">=", _) => compared.is_ge(),
            ("<", _) => compared.is_lt(),
            ("<=", _) => compared.is_le(),
            ("~", _) => compared.is_ge() && same(2),
            ("^", [0, 0, _]) => compared.is_ge() && same(3),
            ("^", [0, _, ..]) => compared.is_ge() && same(2),
            ("^", _) => compared.is_ge() && same(1),
            (other, _) => panic!("{other}"),
        }
    }

    /// What it lets through of the pre-releases that are named.
    fn admits_named(&self, version: &semver::Version) -> bool {
        match self {
            Judge::Hyphen(start, end) => {
                let from = start.numbers.is_empty() || version.cmp_precedence(&start.version()).is_ge();
                from && end.compared(version).is_le()
            }
            Judge::Unary(op, written) if matches!(written.numbers.len(), 1 | 2) => match *op {
                ">=" => written.prefix(version).is_gt(),
                "<=" => written.prefix(version).is_lt(),
                "=" | "~" => false,
                _ => self.admits_all(version),
            },
            Judge::Unary(..) => self.admits_all(version),
        }
    }
}

fn judged(branches: &[Vec<Judge>], version: &semver::Version, all: bool) -> bool {
    let triple = |version: &semver::Version| (version.major, version.minor, version.patch);
    branches.iter().any(|branch| {
        if all || version.pre.is_empty() {
            return branch.iter().all(|judge| judge.admits_all(version));
        }
        let mut named = branch.iter().flat_map(Judge::named);
        named.any(|written| triple(&written.version()) == triple(version))
            && branch.iter().all(|judge| judge.admits_named(version))
    })
}

const PRERELEASES: [&str; 7] = ["", "", "0", "a", "a.0", "a.1", "b"];

/// Every version that the strategies can name.
static NEAR: LazyLock<Vec<(Version, semver::Version)>> = LazyLock::new(|| {
    let triples = (0..64).map(|n| vec![n / 16, n / 4 % 4, n % 4]);
    let named = triples.flat_map(|numbers| {
        PRERELEASES[1..].iter().map(move |pre| Written { numbers: numbers.clone(), pre }.version())
    });
    named.map(|theirs| (version(&theirs.to_string()), theirs)).collect()
});

prop_compose! {
    fn any_version()(
        numbers in prop::array::uniform3(0..4u64), pre in prop::sample::select(&PRERELEASES[..]),
    ) -> String {
        Written { numbers: numbers.to_vec(), pre }.version().to_string()
    }
}

prop_compose! {
    /// A partial version and its text, with wildcards for missing components or without.
    fn partial()(
        numbers in prop::collection::vec(0..4u64, 0..4),
        pre in prop::sample::select(&PRERELEASES[..]),
        wildcards in prop::collection::vec(prop::sample::select(vec!["x", "X", "*"]), 0..3),
        build in prop::sample::select(vec!["", "", "+b.01"]),
    ) -> (Written, String, bool) {
        let full = numbers.len() == 3;
        let mut components: Vec<String> = numbers.iter().map(u64::to_string).collect();
        let missing = (3 - numbers.len()).min(wildcards.len().max(usize::from(numbers.is_empty())));
        let wildcard = |place: usize| wildcards.get(place).copied().unwrap_or("*").to_owned();
        components.extend((0..missing).map(wildcard));
        let pre = if full { pre } else { "" };
        let suffix = if pre.is_empty() { String::new() } else { format!("-{pre}") };
        let build = if full { build } else { "" };
        (Written { numbers, pre }, components.join(".") + &suffix + build, missing > 0)
    }
}

fn comparator() -> impl Strategy<Value = (Judge, String)> {
    let ops = vec!["", "=", "^", "~", "~>", ">", ">=", "<", "<="];
    let unary = (prop::sample::select(ops), prop::sample::select(vec!["", " ", "\t "]), partial());
    prop_oneof![
        5 => unary.prop_map(|(op, space, (written, text, wildcard))| {
            let meant = match op {
                "" if wildcard => "=",
                "" => "^",
                "~>" => "~",
                _ => op,
            };
            (Judge::Unary(meant, written), format!("{op}{space}{text}"))
        }),
        1 => (partial(), partial()).prop_map(|((start, from, _), (end, to, _))| {
            (Judge::Hyphen(start, end), format!("{from} - {to}"))
        }),
    ]
}

fn branch() -> impl Strategy<Value = (Vec<Judge>, String)> {
    let separator = prop::sample::select(vec![",", ", ", " ", " , ", "  "]);
    prop::collection::vec((comparator(), separator), 1..4).prop_map(|parts| {
        let mut text = String::new();
        let mut judges = Vec::new();
        for (place, ((judge, comparator), separator)) in parts.into_iter().enumerate() {
            text += if place > 0 { separator } else { "" };
            text += &comparator;
            judges.push(judge);
        }
        (judges, text)
    })
}

/// A constraint of the whole grammar, with its judges.
fn any_constraint() -> impl Strategy<Value = (Vec<Vec<Judge>>, String)> {
    let separator = prop::sample::select(vec!["||", " || "]);
    (prop::collection::vec(branch(), 1..5), separator).prop_map(|(branches, separator)| {
        let (judges, texts): (Vec<_>, Vec<_>) = branches.into_iter().unzip();
        (judges, texts.join(separator))
    })
}

fn any_set() -> impl Strategy<Value = VersionSet> {
    (any_constraint(), any::<bool>()).prop_map(|((_, text), all)| {
        let constraint = constraint(&text);
        if all { constraint.with_prereleases().set().clone() } else { constraint.set().clone() }
    })
}

/// The same and more, so that each bound that the strategies draw has neighbours.
fn world() -> impl Iterator<Item = Version> {
    let pre = ["", "-0", "-0.0", "-a", "-a.0", "-a.0.0", "-a.1", "-a.1.0", "-aa", "-b", "-b.0", "-zz"];
    (0..6 * 6 * 6 * pre.len()).map(move |n| {
        let (n, pre) = (n / pre.len(), pre[n % pre.len()]);
        version(&format!("{}.{}.{}{pre}", n / 36, n / 6 % 6, n % 6))
    })
}

prop_compose! {
    /// Cargo's own grammar.
    fn cargo_comparator()(
        op in prop::sample::select(vec!["", "^", "~", "=", ">", ">=", "<", "<="]),
        numbers in prop::collection::vec(0..4u64, 1..4),
        pre in prop::sample::select(&PRERELEASES[..]),
        wildcard in prop::sample::select(vec!["", "", ".*", ".x"]),
    ) -> String {
        let suffix = match (numbers.len(), pre) {
            (3, "") => String::new(),
            (3, pre) => format!("-{pre}"),
            _ => wildcard.to_owned(),
        };
        let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
        format!("{op}{}{suffix}", numbers.join("."))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_is_read_or_refused(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "1", "0", "23", ".", "x", "*", "-", "-a", "+", "v", "latest", "||", "|", "&", ",", " ", "\t", ">", "<",
                "=", "^", "~", "!", "é", "\u{1b}",
            ]),
            0..12,
        ),
    ) {
        match parts.concat().parse::<Constraint>() {
            Ok(read) => prop_assert_eq!(&set(&read.set.to_string()), read.set(), "{}", read),
            Err(error) => prop_assert!(!error.to_string().contains(char::is_control), "{:?}", error),
        }
    }

    #[test]
    fn what_is_printed_is_read_again((_, one) in any_constraint(), (_, another) in any_constraint()) {
        let (one, another) = (set(&one), set(&another));
        for set in [one.union(&another), one.intersection(&another), one] {
            let text = set.to_string();
            prop_assert!(text.len() <= MAX_LENGTH);
            let again = constraint(&text);
            prop_assert_eq!(again.set(), &set, "{}", text);
            prop_assert_eq!(again.set.to_string(), text);
        }
    }

    #[test]
    fn short_texts_stay_within_the_limit_when_printed(
        bounds in prop::collection::vec(
            (
                prop::sample::select(vec!["", "", ">", "<", "=", "<="]),
                prop::sample::select(vec!["", "", "1.", "0.0."]),
                0..99u32,
                any::<bool>(),
            ),
            1..86,
        ),
    ) {
        let mut text = String::new();
        for (op, prefix, number, apart) in bounds {
            text += if text.is_empty() { "" } else if apart || op.is_empty() { "||" } else { " " };
            text += &format!("{op}{prefix}{number}");
            text += if apart && prefix == "0.0." { "-a" } else { "" };
        }
        text.truncate(SURELY_SHORT);
        let text = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        prop_assert!(set(text).to_string().len() <= MAX_LENGTH, "{}", text);
    }

    #[test]
    fn sets_are_an_algebra(a in any_set(), b in any_set(), c in any_set(), version in any_version()) {
        let version: Version = version.parse().unwrap();
        let has = |set: &VersionSet| set.contains(&version);
        prop_assert_eq!(has(&a.complement()), !has(&a));
        prop_assert_eq!(has(&a.intersection(&b)), has(&a) && has(&b));
        prop_assert_eq!(has(&a.union(&b)), has(&a) || has(&b));
        prop_assert!(has(&VersionSet::full()) && !has(&VersionSet::empty()));
        prop_assert!(has(&VersionSet::singleton(version.clone())));

        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(a.intersection(&b), b.intersection(&a));
        prop_assert_eq!(a.union(&b).union(&c), a.union(&b.union(&c)));
        prop_assert_eq!(a.intersection(&b.union(&c)), a.intersection(&b).union(&a.intersection(&c)));
        prop_assert_eq!(a.union(&b).complement(), a.complement().intersection(&b.complement()));
        prop_assert_eq!(&a.complement().complement(), &a);
        prop_assert!(a.intersection(&a.complement()).is_empty());
        prop_assert_eq!(a.union(&a.complement()), VersionSet::full());
        prop_assert_eq!(a.is_subset_of(&b), a.intersection(&b) == a);
        prop_assert_eq!(a.is_disjoint(&b), a.intersection(&b).is_empty());
        prop_assert_eq!(a.is_empty(), a == VersionSet::empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    /// The oracle is Cargo's own crate.
    #[test]
    fn matching_is_cargos(comparators in prop::collection::vec(cargo_comparator(), 1..4)) {
        let text = comparators.join(", ");
        let cargo = semver::VersionReq::parse(&text).unwrap();
        let ours = constraint(&text);
        for (version, cargos) in NEAR.iter() {
            prop_assert_eq!(ours.matches(version), cargo.matches(cargos), "{} on {}", text, version);
        }
    }

    /// The oracle compares components.
    #[test]
    fn matching_is_what_each_comparator_says((judges, text) in any_constraint()) {
        let plain = constraint(&text);
        let all = plain.with_prereleases();
        for (version, parts) in NEAR.iter() {
            let (named, every) = (judged(&judges, parts, false), judged(&judges, parts, true));
            prop_assert_eq!(plain.matches(version), named, "{} on {}", text, version);
            prop_assert_eq!(all.matches(version), every, "{} on {} with pre-releases", text, version);
        }
        prop_assert!(plain.set.is_subset_of(&all.set), "{}", text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Canonical: sets are equal exactly if no version tells them apart.
    #[test]
    fn equal_sets_hold_the_same_versions((_, one) in any_constraint(), (_, another) in any_constraint()) {
        let (one, another) = (set(&one), set(&another));
        let alike = world().all(|version| one.contains(&version) == another.contains(&version));
        prop_assert_eq!(one == another, alike);
    }

    #[test]
    fn one_version_is_alone_in_its_set(text in any_version()) {
        let only = VersionSet::singleton(version(&format!("{text}+build")));
        prop_assert_eq!(&only, &set(&format!("={text}")));
        prop_assert_eq!(only.to_string(), format!("={text}"));
        prop_assert_eq!(world().filter(|version| only.contains(version)).count(), 1);
    }
}

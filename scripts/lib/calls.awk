# The statements of a Rust file, formatted by rustfmt, that call gomon: a line "FIRST LAST" for each.
#
#     awk -f calls.awk FILE… pass=2 FILE
#
# What is gomon's is found in all files: `gomon::`, the names that a `use gomon::…` brings, and whatever has one of these as
# its type, or is made by one: fields, parameters, bindings. A statement begins where the one before ends, inside
# of a function, and ends with its semicolon or closing brace. A tail expression is none.

function words(text, found) { # the names in a `use`
    gsub(/\/\/.*/, "", text)
    sub(/.*use gomon/, "", text)
    while (match(text, /[A-Za-z_][A-Za-z0-9_]*/)) {
        found = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        if (found != "self" && found != "as") names[found] = 1
    }
}

function has_name(text, name) {
    for (name in names)
        if (text ~ "(^|[^A-Za-z0-9_])" name "($|[^A-Za-z0-9_])") return 1
    return text ~ /gomon::/
}

function calls(text, name) {
    if (text ~ /gomon::/) return 1
    for (name in names) {
        if (name ~ /^[A-Z0-9_]+$/ && text ~ "(^|[^A-Za-z0-9_])" name "($|[^A-Za-z0-9_])") return 1
        if (text ~ "(^|[^A-Za-z0-9_])" name "(::|\\(|\\.)") return 1
    }
    return 0
}

function depth_of(text, opened, closed) {
    gsub(/\/\/.*/, "", text)
    gsub(/"([^"\\]|\\.)*"/, "", text)
    opened = gsub(/[({[]/, "", text)
    closed = gsub(/[)}\]]/, "", text)
    return opened - closed
}

# The first time: what is gomon's.
pass != 2 {
    if ($0 ~ /^use gomon::/) in_use = 1
    if (in_use) {
        words($0)
        if ($0 ~ /;$/) in_use = 0
        next
    }
    rest = $0
    sub(/\/\/.*/, "", rest)
    while (match(rest, /[a-z_][a-z0-9_]*: [^,)]*/)) {
        typed = substr(rest, RSTART, RLENGTH)
        rest = substr(rest, RSTART + RLENGTH)
        name = typed
        sub(/:.*/, "", name)
        sub(/^[^:]*: /, "", typed)
        sub(/ = .*/, "", typed)
        if (typed !~ /[("]/ && has_name(typed)) names[name] = 1
    }
    # Made by something of gomon's: `let name = Type::new(..)`, `if let Ok(name) = …`.
    if (match($0, /let (mut )?([A-Z][a-z]+\()?[a-z_][a-z0-9_]*\)? = .*/)) {
        name = substr($0, RSTART, RLENGTH)
        made = name
        sub(/^[^=]*= /, "", made)
        sub(/ = .*/, "", name)
        gsub(/let |mut |[A-Z][a-z]+\(|\)/, "", name)
        if (name == "_") next
        if (made ~ /^gomon::/) names[name] = 1
        else {
            first = made
            sub(/(::|\().*/, "", first)
            if (first in names) names[name] = 1
        }
    }
    next
}

# The second time: the statements.
{ line[FNR] = $0; last = FNR }

END {
    for (i = 1; i <= last; i++) {
        text = line[i]
        indent = match(text, /[^ ]/) - 1
        if (text ~ /^ *(pub(\([a-z]+\))? )?(const |async )*fn /) { fn_indent = indent; waiting = 1; in_fn = 0 }
        if (waiting && text ~ /\{$/) { waiting = 0; in_fn = 1; begins = 1; continue }
        if (in_fn && indent == fn_indent && text ~ /^ *}/) { in_fn = 0; continue }
        if (!in_fn || text ~ /^ *$/ || text ~ /^ *(\/\/|#\[)/) continue
        if (begins && text !~ /^ *[})\].]/) statement(i)
        begins = text ~ /[;{}]$/
    }
}

function statement(from, i, depth, all) {
    for (i = from; i <= last; i++) {
        all = all "\n" line[i]
        depth += depth_of(line[i])
        if (depth < 0) return
        if (depth == 0 && line[i] ~ /[;}]$/) {
            if (line[i] ~ /}$/ && line[from] !~ /^ *(if|match|for|while|loop|unsafe|{) ?/) return
            if (calls(all)) print from, i
            return
        }
    }
}

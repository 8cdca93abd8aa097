"""Changes of one thing in a Python file: operator, comparison, constant, sign or index."""
import ast
import re

OPERATORS = {ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"),
             ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "*"), ast.Pow: ("**", "*"),
             ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&")}
COMPARISONS = {ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"),
               ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.Is: ("is", "is not"),
               ast.IsNot: ("is not", "is"), ast.In: ("in", "not in"), ast.NotIn: ("not in", "in")}

NO_CODE = ("annotation", "returns", "decorator_list")


def changes(path, root):
    """All single changes of a file: dicts of file (below root), line, kind, start and end (bytes),
    old, new."""
    raw = path.read_bytes()
    starts = [0]
    for line in raw.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []

    def add(kind, start, end, new):
        found.append({"file": path.relative_to(root).as_posix(),
                      "line": raw.count(b"\n", 0, start) + 1, "kind": kind, "start": start,
                      "end": end, "old": raw[start:end].decode(), "new": new})

    def at(node):
        return (starts[node.lineno - 1] + node.col_offset,
                starts[node.end_lineno - 1] + node.end_col_offset)

    def between(left, right, kind, old, new):
        start, end = at(left)[1], at(right)[0]
        words = rf"\b{old.replace(' ', chr(92) + 's+')}\b" if old[0].isalpha() else re.escape(old)
        match = re.search(words, re.sub(r"#.*", lambda m: " " * len(m[0]), raw[start:end].decode()))
        if match:
            add(kind, start + match.start(), start + match.end(), new)

    def visit(node, index=False):
        if isinstance(node, (ast.Raise, ast.JoinedStr, ast.Assert)):
            return  # texts of errors
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            between(node.left, node.right, "operator", *OPERATORS[type(node.op)])
        elif isinstance(node, ast.AugAssign) and type(node.op) in OPERATORS:
            old, new = OPERATORS[type(node.op)]
            between(node.target, node.value, "operator", f"{old}=", f"{new}=")
        elif isinstance(node, ast.BoolOp):
            words = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
            for left, right in zip(node.values, node.values[1:]):
                between(left, right, "operator", *words)
        elif isinstance(node, ast.Compare):
            for left, op, right in zip([node.left, *node.comparators], node.ops, node.comparators):
                between(left, right, "operator", *COMPARISONS[type(op)])
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not)):
            kind = "operator" if isinstance(node.op, ast.Not) else "index" if index else "sign"
            start = at(node)[0]
            add(kind, start, start + (4 if isinstance(node.op, ast.Not) else 1), "")
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
            value = node.value
            new = {bool: lambda: str(not value), int: lambda: str(value + 1),
                   float: lambda: repr(value * 1.5 or 1.0)}[type(value)]()
            add("index" if index and type(value) is int else "constant", *at(node), new)
        for field, child in ast.iter_fields(node):
            for inner in child if isinstance(child, list) else [child]:
                if isinstance(inner, ast.AST) and field not in NO_CODE:
                    inside = isinstance(node, (ast.Slice, ast.Tuple, ast.UnaryOp)) and index
                    visit(inner, index=inside or field == "slice"
                          or isinstance(node, ast.keyword) and node.arg in ("axis", "axes"))

    visit(ast.parse(raw))
    return [change for change in found if _is_python(changed(raw, change))]


def changed(raw, change):
    """The file's bytes with the change."""
    return raw[:change["start"]] + change["new"].encode() + raw[change["end"]:]


def _is_python(raw):
    try:
        ast.parse(raw)
        return True
    except (SyntaxError, ValueError):
        return False

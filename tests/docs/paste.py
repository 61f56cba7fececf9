"""A prompt that blocks of Python are pasted into, as into `python -m asyncio`: a JSON string a line comes in,
and what a line answered otherwise than the `# ->` behind it says goes out, as a JSON list.
"""

import ast
import asyncio
import json
import re
import sys
import traceback
from inspect import CO_COROUTINE
from types import FunctionType
from typing import Any

ANSWER = re.compile(r"  # -> (.+)$")


class Prompt:
    """The names that were given so far, and the loop that they live in."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "__pasted__"}
        self.loop = asyncio.Runner()

    def paste(self, block: str) -> list[str]:
        """Run a block, statement by statement; what was wrong with it."""
        lines, wrong = block.splitlines(), list[str]()
        for statement in ast.parse(block).body:
            match = ANSWER.search(lines[(statement.end_lineno or 1) - 1])
            try:
                if isinstance(statement, ast.Expr) and match:
                    answer = repr(self._run(ast.Expression(statement.value), "eval"))
                    wrong += [f"{match[1]} is {answer}"] if answer != match[1] else []
                else:
                    self._run(ast.Module([statement], []), "exec")
            except Exception:
                return [*wrong, traceback.format_exc()]
        return wrong

    def _run(self, tree: ast.Expression | ast.Module, mode: str) -> Any:
        code = compile(tree, "pasted", mode, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = FunctionType(code, self.names)()
        return self.loop.run(result) if code.co_flags & CO_COROUTINE else result


def main() -> None:
    """Take blocks until there are no more. What they print goes to stderr."""
    prompt, out = Prompt(), sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        print(json.dumps(prompt.paste(json.loads(line))), file=out, flush=True)


if __name__ == "__main__":
    main()

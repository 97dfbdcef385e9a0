"""Touches, in a child that waits, the memory that a run will touch: copying it then is time that no run waits for."""

import _io
import json

JOB = {"type": "run", "id": 1, "code": "print(1)", "env": {"HOME": "/"}, "argv": [], "limits": {"processes": 1}}
PROGRAM = "import sys\nfor number in range(2):\n    text = f'{number}'\n    print(text, [number], file=stream)\ntext"
ONLY_TREE = 0x400  # ast.PyCF_ONLY_AST


def rehearse():
    """Leaves nothing behind that a program could see; a failure means a slower run and nothing else."""
    try:
        job = json.loads(json.dumps(JOB))
        tree = compile(PROGRAM, job["code"], "exec", ONLY_TREE, True)
        code = compile(tree, job["code"], "exec", 0, True)
        stream = _io.TextIOWrapper(_io.BytesIO(), encoding="utf-8", errors="backslashreplace", newline="\n")
        exec(code, {"stream": stream})
        stream.reconfigure(errors="backslashreplace", line_buffering=True)
        stream.flush()
        end_rehearsal()
    except Exception:
        pass


def end_rehearsal():
    from llm_sandbox_kernel.ending import flush_files

    import gc

    gc.collect()
    flush_files()

# Run in the interpreter whose memory is kept, after the kernel's finder was installed: every process finds this imported.
import sys
import types

# What the process around it does for Python; it has its contents when a process starts.
host = sys.modules["llm_sandbox_host"] = types.ModuleType("llm_sandbox_host")

for name in """
abc array ast base64 bisect calendar collections collections.abc contextlib copy csv dataclasses datetime
decimal enum fnmatch fractions functools glob hashlib heapq importlib inspect io itertools json
keyword linecache locale logging math numbers operator os pathlib pickle platform pprint queue random re runpy
shlex shutil statistics string struct subprocess sys tempfile textwrap threading
time traceback types typing unicodedata urllib.parse uuid warnings weakref zlib
""".split():
    __import__(name)
for name in ("main", "script", "context", "ending", "failure", "values", "source", "import_hooks", "module_hooks"):
    __import__("llm_sandbox_kernel." + name)

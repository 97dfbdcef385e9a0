"""Runs the kernel: the parts are compiled only when something imports them."""

import binascii
import sys
import zlib
from _frozen_importlib import ModuleSpec

PACKAGE = "llm_sandbox_kernel"
# Name and source of each, from the last argument (scripts/embed-kernels.mjs): what stands in this text is read as code.
PARTS = dict(
    part.split("\n", 1) for part in zlib.decompress(binascii.a2b_base64(sys.argv.pop())).decode().split("\f")
)


class PartFinder:
    """Finds the kernel's own modules in PARTS."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        package, _, part = name.partition(".")
        if package != PACKAGE:
            return None
        if not part:
            return ModuleSpec(name, PartFinder, is_package=True)
        return ModuleSpec(name, PartFinder) if part in PARTS else None

    @staticmethod
    def get_source(name):
        return PARTS.get(name.partition(".")[2])

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        part = module.__name__.partition(".")[2]
        if part:
            code = compile(PARTS[part], "<%s.%s>" % (PACKAGE, part), "exec", dont_inherit=True)
            exec(code, module.__dict__)


sys.meta_path.insert(0, PartFinder)
from llm_sandbox_kernel.main import main  # noqa: E402

main()

"""Does something to a module right after its first import, at no cost before."""

import sys


def _hook(name):
    """The function of that name in module_hooks, which most programs need nothing of."""

    def hook(module):
        from llm_sandbox_kernel import module_hooks

        getattr(module_hooks, name)(module)

    return hook


def _line_cache(module):
    from llm_sandbox_kernel.source import fill_line_cache

    fill_line_cache(module)


HOOKS = {
    "linecache": _line_cache,
    "matplotlib": _hook("matplotlib"),
    "matplotlib.pyplot": _hook("pyplot"),
    "matplotlib.figure": _hook("figure"),
    "PIL.Image": _hook("pil_image"),
    "IPython.display": _hook("ipython_display"),
    "multiprocessing.context": _hook("multiprocessing"),
    "multiprocessing.spawn": _hook("spawn"),
    "multiprocessing.pool": _hook("pool"),
}


def _display(*values):
    """Shows values on the way, in every form that they offer: HTML, pictures, JSON, text."""
    from llm_sandbox_kernel.values import display

    display(*values)


_display.__name__ = _display.__qualname__ = "display"


class HookFinder:
    """Stands first among the finders and lets the others do the finding."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        hook = HOOKS.pop(name, None)
        if hook is None:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find and finder is not HookFinder else None
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = HookLoader(spec.loader, hook)
                return spec
        HOOKS[name] = hook
        return None


class HookLoader:
    """Steps aside before the module runs, so that the module sees its own loader."""

    def __init__(self, loader, hook):
        self.loader = loader
        self.hook = hook

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self.loader
        self.loader.exec_module(module)
        try:
            self.hook(module)
        except Exception:
            pass  # Another version than the hook knows: the module works without it.


def install():
    """Adds `display` to the built-in names. Hooks what is imported already, and waits for the rest."""
    for name in [name for name in HOOKS if name in sys.modules]:
        HOOKS.pop(name)(sys.modules[name])
    sys.modules["builtins"].display = _display
    sys.meta_path.insert(0, HookFinder)

"""Does something to a module right after its first import, at no cost before."""

import sys


def _line_cache(module):
    from llm_sandbox_kernel.source import fill_line_cache

    fill_line_cache(module)


def _figures(name):
    def hook(module):
        from llm_sandbox_kernel import figures

        getattr(figures, name)(module)

    return hook


def _pil_image(module):
    from llm_sandbox_kernel.values import display

    module.Image.show = lambda self, *_, **__: display(self)


def _ipython_display(module):
    from llm_sandbox_kernel.values import display

    module.display = lambda *values, **_: display(*values)


def _multiprocessing(module):
    # Another default since 3.14 would cost each child a whole start, and fail without a guard around what starts it.
    module._default_context._default_context = module._concrete_contexts["fork"]


def _spawn(module):
    from llm_sandbox_kernel import respawn
    from llm_sandbox_kernel.source import program

    text = respawn.__spec__.loader.get_source(respawn.__name__)

    def find(path):
        source = program(path)
        return None if source is None else (source, text)

    respawn.hand_over(module, find)


def _pool(module):
    from llm_sandbox_kernel.respawn import give_up_pools

    give_up_pools(module)


HOOKS = {
    "linecache": _line_cache,
    "matplotlib": _figures("hook_matplotlib"),
    "matplotlib.pyplot": _figures("hook_pyplot"),
    "matplotlib.figure": _figures("hook_figure"),
    "PIL.Image": _pil_image,
    "IPython.display": _ipython_display,
    "multiprocessing.context": _multiprocessing,
    "multiprocessing.spawn": _spawn,
    "multiprocessing.pool": _pool,
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

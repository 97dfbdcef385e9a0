"""What is done to modules right after their first import (import_hooks.py)."""


def matplotlib(module):
    from llm_sandbox_kernel.figures import hook_matplotlib

    hook_matplotlib(module)


def pyplot(module):
    from llm_sandbox_kernel.figures import hook_pyplot

    hook_pyplot(module)


def figure(module):
    from llm_sandbox_kernel.figures import hook_figure

    hook_figure(module)


def pil_image(module):
    from llm_sandbox_kernel.values import display

    module.Image.show = lambda self, *_, **__: display(self)


def ipython_display(module):
    from llm_sandbox_kernel.values import display

    module.display = lambda *values, **_: display(*values)


def multiprocessing(module):
    # Another default since 3.14 would cost each child a whole start, and fail without a guard around what starts it.
    module._default_context._default_context = module._concrete_contexts["fork"]


def spawn(module):
    from llm_sandbox_kernel import respawn
    from llm_sandbox_kernel.source import program

    text = respawn.__spec__.loader.get_source(respawn.__name__)

    def find(path):
        source = program(path)
        return None if source is None else (source, text)

    respawn.hand_over(module, find)


def pool(module):
    from llm_sandbox_kernel.respawn import give_up_pools

    give_up_pools(module)

"""Does something to a module right after its first import, at no cost before."""


def install():
    pass

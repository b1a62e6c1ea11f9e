from . import import_pathologie

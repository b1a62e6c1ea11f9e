from . import declaration_import

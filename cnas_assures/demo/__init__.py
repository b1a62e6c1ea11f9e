from . import cnas_demo_assures
from . import cnas_demo_documents

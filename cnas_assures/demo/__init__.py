from . import cnas_demo_documents

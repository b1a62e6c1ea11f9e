"""Lecture d'un PDF par les tests."""


def texte_pdf(contenu):
    """Rend le texte d'un PDF, page après page. Entrée : octets ; sortie : texte."""
    import pypdfium2  # outil de test (requirements-dev.txt)

    document = pypdfium2.PdfDocument(contenu)
    texte = "\n".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    return texte

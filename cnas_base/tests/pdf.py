"""Lecture d'un PDF par les tests."""
import io

from PyPDF2 import PdfReader, PdfWriter


def texte_pdf(contenu):
    """Rend le texte d'un PDF, page après page. Entrée : octets ; sortie : texte."""
    import pypdfium2  # outil de test (requirements-dev.txt)

    document = pypdfium2.PdfDocument(contenu)
    texte = "\n".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    return texte


def pages_pdf(contenu):
    """Rend chaque page d'un PDF, seule dans le sien."""
    lecteur = PdfReader(io.BytesIO(contenu))
    pages = []
    for page in lecteur.pages:
        redacteur, sortie = PdfWriter(), io.BytesIO()
        redacteur.add_page(page)
        redacteur.write(sortie)
        pages.append(sortie.getvalue())
    return pages


def codes_lus(contenu, resolution=300):
    """Rend les textes des QR et codes-barres lus sur les pages d'un PDF rendues en image."""
    # Outils de test (requirements-dev.txt) : absents, ces tests échouent, ils ne sont pas sautés.
    import pypdfium2
    import zxingcpp

    textes = []
    document = pypdfium2.PdfDocument(contenu)
    for page in document:
        image = page.render(scale=resolution / 72).to_pil().convert("RGB")
        textes += [code.text for code in zxingcpp.read_barcodes(image)]
    document.close()
    return textes

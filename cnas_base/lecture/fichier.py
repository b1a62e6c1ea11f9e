"""Lire ce qu'un fichier est vraiment, quoi que dise son nom."""

SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)


def type_reel(contenu):
    """Rend le type MIME lu dans les premiers octets (PDF, JPEG, PNG, TIFF), ou False."""
    for signature, mime in SIGNATURES:
        if contenu.startswith(signature):
            return mime
    return False

"""Un jeu de fichiers abîmés ou piégés, engendré : toute porte qui reçoit un fichier doit les refuser tous."""
import io
import random
import struct
import zlib

from PIL import Image
from PyPDF2 import PdfReader, PdfWriter

from ..lecture.fichier import _lit_heic
from .common import octets, page_numerisee, pdf


def fichiers_sains():
    """Rend {nom: (octets, type, pages)} de fichiers qu'on doit lire."""
    page, autre = page_numerisee(1), page_numerisee(2)
    return {
        "texte.pdf": (pdf("sain", 3), "application/pdf", 3),
        "scan.pdf": (octets(page, "PDF"), "application/pdf", 1),
        "scan.jpg": (octets(page, "JPEG"), "image/jpeg", 1),
        "scan.png": (octets(page, "PNG"), "image/png", 1),
        "scan.tif": (octets(page, "TIFF", save_all=True, append_images=[autre] * 3, compression="tiff_deflate"), "image/tiff", 4),
        "fax.tif": (octets(page.convert("1"), "TIFF", compression="group4"), "image/tiff", 1),
        "photo.webp": (octets(page.convert("RGB"), "WEBP"), "image/webp", 1),
        "photo.heic": (photo_heic(page), "image/heic", 1),
        "mal nomme.png": (octets(page, "JPEG", quality=40), "image/jpeg", 1),
        "fin.pdf": (pdf("fin") + b"\r\n" * 20, "application/pdf", 1),
    }


def photo_heic(page):
    """Rend la photo HEIC d'un téléphone ; sans `pillow-heif` (requirements.txt), ces tests échouent, ils ne sont pas sautés."""
    _lit_heic()
    return octets(page.convert("RGB"), "HEIF", quality=60)


def fichiers_abimes():
    """Rend {nom: octets} d'au moins soixante fichiers qui ne se lisent pas."""
    page = page_numerisee(3)
    sources = {
        "texte.pdf": pdf("coupé", 4), "scan.pdf": octets(page, "PDF"), "scan.jpg": octets(page, "JPEG", quality=90),
        "gris.png": octets(page, "PNG"), "scan.webp": octets(page.convert("RGB"), "WEBP", lossless=True),
        "scan.tif": octets(page, "TIFF", save_all=True, append_images=[page] * 3, compression="tiff_deflate"),
        "fax.tif": octets(page, "TIFF", save_all=True, append_images=[page]), "telephone.heic": photo_heic(page),
    }
    abimes = {
        f"{part} {nom}": contenu[:int(len(contenu) * part / 100)]
        for nom, contenu in sources.items() for part in (1, 10, 33, 66, 90)}
    for nom, contenu in sources.items():
        abimes[f"vide {nom}"] = b""
        abimes[f"entete {nom}"] = contenu[:8]
    return {**abimes, **_pdf_abimes(), **_images_piegees(), **_deguises()}


def _pdf_abimes():
    sain, hasard = pdf("abîmé", 3), random.Random(7).randbytes(3000)
    sans_pages = PdfWriter()
    sans_pages.add_metadata({"/Title": "rien"})
    protege = PdfWriter()
    protege.append_pages_from_reader(PdfReader(io.BytesIO(sain)))
    protege.encrypt("secret")
    bombe = zlib.compress(b"\x00" * (450 << 20), 9)
    objet = b"9 0 obj\n<</Type/ObjStm/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\n" % (len(bombe), bombe)
    debut_du_flux = sain.index(b"stream") + 30
    return {
        "entete seul.pdf": b"%PDF-1.4", "cinq octets.pdf": b"%PDF-", "entete et fin.pdf": b"%PDF-1.4\n%%EOF\n",
        "hasard.pdf": b"%PDF-1.7\n" + hasard + b"\n%%EOF\n",
        "coupe et ferme.pdf": sain[:len(sain) // 3] + b"\nstartxref\n0\n%%EOF\n",
        "sans pages.pdf": _ecrit(sans_pages), "protege.pdf": _ecrit(protege), "bombe.pdf": sain[:9] + objet + sain[9:],
        "flux efface.pdf": sain[:debut_du_flux] + b"\x00" * 40 + sain[debut_du_flux + 40:],
        "page perdue.pdf": sain.replace(b"/Contents", b"/Contxnts").replace(b"/MediaBox", b"/MxdiaBox"),
        "catalogue perdu.pdf": sain.replace(b"/Root", b"/Rxxt"),
        "zeros.pdf": sain[:9] + b"\x00" * len(sain) + b"%%EOF",
    }


def _images_piegees():
    geante = b"\x89PNG\r\n\x1a\n" + _bloc(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)) + _bloc(
        b"IDAT", zlib.compress(b"\x00" * 1000)) + _bloc(b"IEND", b"")
    jpeg = octets(page_numerisee(4), "JPEG")
    boucle = bytearray(octets(Image.new("L", (50, 50)), "TIFF"))
    return {
        "geante.png": geante,
        "sans donnees.png": octets(Image.new("L", (300, 300)), "PNG")[:33] + _bloc(b"IEND", b""),
        "zeros.jpg": b"\xff\xd8\xff\xe0" + b"\x00" * 4000, "hasard.jpg": b"\xff\xd8\xff" + random.Random(8).randbytes(4000),
        "coupe a 3 ko.jpg": jpeg[:3000], "trois octets.jpg": b"\xff\xd8\xff",
        "signature.tif": b"II*\x00", "hasard.tif": b"MM\x00*" + random.Random(9).randbytes(4000),
        "repertoire perdu.tif": bytes(boucle[:4]) + struct.pack("<I", 10 ** 6) + bytes(boucle[8:]),
        "signature.webp": b"RIFF\x10\x00\x00\x00WEBPVP8 ", "photo.heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 500,
    }


def _deguises():
    return {
        "virus.pdf": b"MZ\x90\x00" + b"\x00" * 500, "archive.pdf": b"PK\x03\x04" + b"\x00" * 500,
        "page.pdf": b"<html><script>alert(1)</script></html>", "texte.jpg": b"bonjour", "dessin.png": b"<svg onload='alert(1)'/>",
        "animation.png": octets(Image.new("P", (40, 40)), "GIF"),
    }


def _bloc(genre, contenu):
    return struct.pack(">I", len(contenu)) + genre + contenu + struct.pack(">I", zlib.crc32(genre + contenu))


def _ecrit(redacteur):
    sortie = io.BytesIO()
    redacteur.write(sortie)
    return sortie.getvalue()

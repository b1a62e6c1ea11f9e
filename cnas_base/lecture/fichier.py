"""Ouvrir un fichier reçu : ce qu'il est vraiment, quoi que dise son nom, et s'il se lit jusqu'au bout."""
import contextlib
import functools
import hashlib
import io
import logging
import re
import threading
import warnings
import zlib
from typing import NamedTuple

# Odoo n'ouvre à Pillow que les images du web : un TIFF, un WebP et l'écriture d'un PDF se demandent.
from PIL import Image, ImageFile, ImageOps, PdfImagePlugin, TiffImagePlugin, WebPImagePlugin  # noqa: F401
from PyPDF2 import PdfMerger, PdfReader
from PyPDF2.filters import ASCII85Decode
from PyPDF2.generic import StreamObject

from odoo import _
from odoo.exceptions import UserError
from odoo.tools.lru import LRU

FORMATS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "image/tiff": "tif",
           "image/webp": "webp", "image/heic": "heic"}
# Ce que tout navigateur montre de lui-même ; le reste a un dérivé.
AFFICHABLES = ("application/pdf", "image/jpeg", "image/png")
EXTENSIONS = re.compile(r"\.(pdf|jpe?g|png|tiff?|webp|hei[cf])$", re.IGNORECASE)
SIGNATURES = (
    (re.compile(rb"%PDF-"), "application/pdf"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"II[*+]\x00|MM\x00[*+]"), "image/tiff"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb".{4}ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL), "image/heic"),
)
PILLOW = {"image/jpeg": "JPEG", "image/png": "PNG", "image/tiff": "TIFF", "image/webp": "WEBP", "image/heic": "HEIF"}
PAGES_MAX = 500
# Une page A4 numérisée à 600 points par pouce en compte 35 millions.
PIXELS_MAX = 60_000_000
PIXELS_MAX_EN_TOUT = 600_000_000
# Un petit PDF peut cacher des gigaoctets.
TAILLE_MAX_DECOMPRESSEE = 400 * 1024 * 1024
COTE_APERCU = 2000
COTE_VUE = 16
_FLUX = re.compile(rb"/FlateDecode[^>]{0,400}>>\s*stream\r?\n")
_decodage = threading.Lock()
_ouverts = LRU(256)
# Elle avertit de chaque PDF un peu libre : un fichier est lu, ou refusé d'une phrase.
logging.getLogger("PyPDF2").setLevel(logging.CRITICAL)
warnings.filterwarnings("ignore", module=r"PIL\.TiffImagePlugin")


class Fichier(NamedTuple):
    """Un fichier ouvert : son type réel et son nombre de pages."""

    mime: str
    pages: int


def type_reel(contenu):
    """Rend le type MIME lu dans les premiers octets (voir `FORMATS`), ou False."""
    return next((mime for signature, mime in SIGNATURES if signature.match(contenu[:16])), False)


def se_dit_document(contenu, nom, mime=None):
    """Dit si un fichier est, ou se prétend, un document numérisé : il doit alors s'ouvrir."""
    return bool(type_reel(contenu) or mime in FORMATS or EXTENSIONS.search(nom or ""))


def ouvrir_fichier(contenu, nom, maximum_mo=None):
    """Ouvre un document reçu jusqu'à sa dernière page.

    :param bytes contenu: ses octets
    :param nom: son nom, pour les phrases
    :return: `Fichier`
    :raise UserError: vide, trop gros, d'un autre format, coupé, abîmé, protégé ou démesuré
    """
    if not contenu:
        raise UserError(_("Le fichier « %s » est vide : numérisez le document à nouveau.", nom))
    if maximum_mo and len(contenu) > maximum_mo * 1024 * 1024:
        raise UserError(_("Le fichier « %(nom)s » dépasse %(mo)s Mo : numérisez-le en plus petit.", nom=nom, mo=maximum_mo))
    mime = type_reel(contenu)
    if not mime:
        raise UserError(_("Le fichier « %s » n'est ni un PDF, ni une image JPEG, PNG, TIFF, WebP ou HEIC.", nom))
    # Un même fichier passe plusieurs portes (lecture, pièce, rangement) : il ne s'ouvre qu'une fois.
    empreinte = hashlib.sha256(contenu).digest()
    if empreinte not in _ouverts:
        pages = _pages_pdf(contenu, nom) if mime == "application/pdf" else _pages_image(contenu, nom, mime)
        _ouverts[empreinte] = Fichier(mime, pages)
    return _ouverts[empreinte]


def apercu_pdf(contenu, mime):
    """Rend le PDF qui montre page par page une image qu'un navigateur n'affiche pas, ou None."""
    if mime in AFFICHABLES:
        return None
    assemble = PdfMerger()
    with _images(contenu, mime) as images:
        for image in images:
            page = io.BytesIO()
            image = image if image.mode in ("1", "L") else image.convert("RGB")
            image.thumbnail((COTE_APERCU, COTE_APERCU))
            image.save(page, "PDF", resolution=COTE_APERCU / 11.7)
            assemble.append(page)
    sortie = io.BytesIO()
    assemble.write(sortie)
    return sortie.getvalue()


def vues(contenu, mime):
    """Rend, pour chaque page faite d'une image, ses quatre empreintes visuelles : droite, et tournée par quarts.

    L'empreinte dit où l'image s'éclaircit de gauche à droite, marges ôtées : elle survit à une rotation, à un
    recadrage, à une recompression. Une page presque blanche n'en a pas.

    :return: {rang de la page, depuis 1: [quatre textes de 0 et de 1]}
    """
    vues_par_page = {}
    if mime == "application/pdf":
        for rang, page in enumerate(PdfReader(io.BytesIO(contenu)).pages, 1):
            image = _image_de_page(page)
            if image and (vue := _vue(image)):
                vues_par_page[rang] = vue
        return vues_par_page
    with _images(contenu, mime) as images:
        for rang, image in enumerate(images, 1):
            if vue := _vue(image):
                vues_par_page[rang] = vue
    return vues_par_page


# ------------------------------------------------------------------ images
def _pages_image(contenu, nom, mime):
    if mime == "image/heic" and not _lit_heic():
        raise UserError(_("Le fichier « %s » est une photo HEIC, que ce serveur ne lit pas : envoyez-la en JPEG.", nom))
    try:
        with _images(contenu, mime) as images:
            return sum(1 for _image in images)
    except _Demesure as erreur:
        raise UserError(_("L'image « %s » est démesurée (plus de 60 millions de points, ou de 500 pages) : "
                          "réduisez la résolution.", nom)) from erreur
    except Exception as erreur:  # Pillow lève des exceptions de toute sorte sur un fichier piégé
        raise UserError(_("L'image « %s » est illisible, coupée ou abîmée : numérisez le document à nouveau.", nom)) from erreur


class _Demesure(ValueError):
    """Trop de points ou de pages."""


@contextlib.contextmanager
def _images(contenu, mime):
    """Rend les pages d'une image, entières : Odoo règle Pillow pour achever en gris une image coupée."""
    with _decodage:
        avant, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
        try:
            with Image.open(io.BytesIO(contenu), formats=(PILLOW[mime],)) as image:
                yield _pages(image, mime)
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = avant


def _pages(image, mime):
    # Un JPEG d'appareil à deux vues (MPO) n'a qu'une page.
    pages = 1 if mime == "image/jpeg" else getattr(image, "n_frames", 1)
    total = 0
    for rang in range(pages):
        image.seek(rang)
        total += image.width * image.height
        if pages > PAGES_MAX or image.width * image.height > PIXELS_MAX or total > PIXELS_MAX_EN_TOUT:
            raise _Demesure
        image.load()
        yield ImageOps.exif_transpose(image)


@functools.lru_cache(maxsize=1)
def _lit_heic():
    """Dit si la bibliothèque facultative des photos HEIC est là ; elle se branche alors sur Pillow."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True


def _vue(image):
    petite = image.convert("L")
    petite.thumbnail((768, 768), Image.Resampling.BOX)
    encre = petite.point(lambda gris: 255 if gris < 176 else 0)
    cadre = encre.getbbox()
    if not cadre or min(cadre[2] - cadre[0], cadre[3] - cadre[1]) < 72:
        return None
    carree = petite.crop(cadre).resize((256, 256), Image.Resampling.BOX)
    return [_dhash(carree.rotate(90 * quart)) for quart in range(4)]


def _dhash(image):
    points = image.resize((COTE_VUE + 1, COTE_VUE), Image.Resampling.BOX).tobytes()
    rangs = [points[i:i + COTE_VUE + 1] for i in range(0, len(points), COTE_VUE + 1)]
    return "".join("1" if a < b else "0" for rang in rangs for a, b in zip(rang, rang[1:]))


# ------------------------------------------------------------------ PDF
def _pages_pdf(contenu, nom):
    if b"%%EOF" not in contenu[-2048:]:
        raise UserError(_("Le PDF « %s » est tronqué : numérisez ou exportez le document à nouveau.", nom))
    if not _se_decompresse(contenu):
        raise UserError(_("Le PDF « %s » est démesuré une fois décompressé : il est refusé.", nom))
    illisible = _("Le PDF « %s » est illisible ou abîmé : numérisez ou exportez le document à nouveau.", nom)
    try:
        lecteur = PdfReader(io.BytesIO(contenu))
        protege = lecteur.is_encrypted and not lecteur.decrypt("")
        pages = 0 if protege else len(lecteur.pages)
        lisible = not protege and 0 < pages <= PAGES_MAX and all(map(_page_lisible, lecteur.pages))
    except NotImplementedError:
        protege = True
    except Exception as erreur:  # la bibliothèque lève des exceptions de toute sorte sur un fichier piégé
        raise UserError(illisible) from erreur
    if protege:
        raise UserError(_("Le PDF « %s » est protégé par un mot de passe : enregistrez-le sans protection.", nom))
    if pages > PAGES_MAX:
        raise UserError(_("Le PDF « %(nom)s » dépasse %(pages)s pages : découpez-le.", nom=nom, pages=PAGES_MAX))
    if not lisible:
        raise UserError(illisible)
    return pages


def _page_lisible(page):
    """Dit si ce que dessine la page, texte et images, est bien dans le fichier."""
    contenu = page["/Contents"] if "/Contents" in page else []
    flux = [morceau.get_object() for morceau in contenu] if isinstance(contenu, list) else [contenu]
    ressources = page["/Resources"] if "/Resources" in page else {}
    images = ressources["/XObject"] if "/XObject" in ressources else {}
    flux += [images[nom] for nom in images]
    return all(isinstance(morceau, StreamObject) for morceau in flux) and "/MediaBox" in page and all(
        _flux_entier(morceau) for morceau in flux)


def _flux_entier(flux):
    """Dit si un flux s'ouvre jusqu'au bout ; une image, dans son propre format, est seulement là."""
    filtres = flux.get("/Filter") or []
    contenu = flux._data
    for filtre in filtres if isinstance(filtres, list) else [filtres]:
        if filtre == "/ASCII85Decode":
            contenu = ASCII85Decode.decode(contenu)
        elif filtre == "/FlateDecode":
            return _gonfler(contenu, TAILLE_MAX_DECOMPRESSEE)[1]
        else:
            break
    return bool(contenu) or not flux.get("/Length")


def _gonfler(contenu, maximum):
    """Rend (taille une fois décompressé, vrai si le flux a sa fin), sans garder plus d'un mégaoctet."""
    decompresseur, taille = zlib.decompressobj(), 0
    with contextlib.suppress(zlib.error):
        while contenu and not decompresseur.eof and taille < maximum:
            taille += len(decompresseur.decompress(contenu, 1 << 20))
            contenu = decompresseur.unconsumed_tail
    return taille, decompresseur.eof


def _se_decompresse(contenu):
    """Dit si tous les flux d'un PDF tiennent, ouverts, dans une taille raisonnable."""
    reste = TAILLE_MAX_DECOMPRESSEE
    for debut in _FLUX.finditer(contenu):
        reste -= _gonfler(contenu[debut.end():contenu.find(b"endstream", debut.end())], reste)[0]
        if reste <= 0:
            break
    return reste > 0


def _image_de_page(page):
    """Rend la plus grande image d'une page de PDF, celle que le scanner y a mise, ou None."""
    try:
        images = [Image.open(io.BytesIO(image.data)) for image in page.images]
    except Exception:  # une image d'un encodage rare : la page n'a pas d'empreinte, elle se lit quand même
        return None
    image = max(images, key=lambda i: i.width * i.height, default=None)
    return image if image and 40_000 < image.width * image.height <= PIXELS_MAX else None

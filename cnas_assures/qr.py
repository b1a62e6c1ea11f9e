"""Le QR d'une carte : une adresse que tout téléphone ouvre, et qui porte le texte signé, vérifiable aussi sans réseau."""
import io

from PIL import Image, ImageOps

from odoo import _
from odoo.exceptions import UserError

try:
    import zxingcpp
except ImportError:  # le serveur marche sans : on tape le matricule
    zxingcpp = None

CHEMIN = "/cnas/carte/"
COTE_MAX = 2400
PIXELS_MAX = 60_000_000


def adresse_de_carte(base, texte):
    """Rend l'adresse à imprimer, ou le seul texte signé tant que la caisse n'a pas d'adresse publique (`base` vide)."""
    return f"{base}{CHEMIN}{texte.replace('|', '~')}" if base else texte


def texte_de_carte(lu):
    """Rend le texte signé que porte un QR, adresse ou texte nu des cartes d'avant ; un autre texte est rendu tel quel."""
    if not isinstance(lu, str):
        return lu
    _base, separateur, suite = lu.partition(CHEMIN)
    return suite.replace("~", "|") if separateur else lu


def lire_image(octets):
    """Rend le texte du QR que montre une photo (JPEG, PNG, WebP…).

    :raise UserError: image illisible, sans QR, ou lecteur absent de ce serveur
    """
    if zxingcpp is None:
        raise UserError(_("Ce serveur ne lit pas les photos de QR : tapez le matricule ou le numéro de la carte."))
    try:
        image = Image.open(io.BytesIO(octets), formats=("JPEG", "PNG", "WEBP", "TIFF", "BMP"))
        if image.width * image.height > PIXELS_MAX:
            raise ValueError("trop grande")
        image.draft("L", (COTE_MAX, COTE_MAX))
        image = ImageOps.exif_transpose(image).convert("L")
        image.thumbnail((COTE_MAX, COTE_MAX))
    except Exception as erreur:  # Pillow lève de tout sur un fichier piégé
        raise UserError(_("Cette photo ne s'ouvre pas : reprenez-la, en JPEG ou en PNG.")) from erreur
    codes = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)
    if not codes:
        raise UserError(_("Aucun QR lisible sur cette photo : reprenez-la de plus près, bien à plat et à la lumière."))
    return codes[0].text.strip()

"""Le QR d'une carte : une adresse que tout téléphone ouvre, et qui porte le texte signé, vérifiable aussi sans réseau."""
from odoo import _
from odoo.exceptions import UserError

from odoo.addons.cnas_base.lecture import codes_d_image, image_de_page, lit_les_codes, ouvrir_fichier

CHEMIN = "/cnas/carte/"


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
    """Rend le texte du QR que montre une photo (JPEG, PNG, WebP, HEIC…).

    :raise UserError: image illisible, sans QR, ou lecteur absent de ce serveur
    """
    if not lit_les_codes():
        raise UserError(_("Ce serveur ne lit pas les photos de QR : tapez le matricule ou le numéro de la carte."))
    illisible = _("Cette photo ne s'ouvre pas : reprenez-la, en JPEG ou en PNG.")
    try:
        mime = ouvrir_fichier(octets, _("photo")).mime
    except UserError as refus:
        raise UserError(illisible) from refus
    image = image_de_page(octets, mime, 1) if mime.startswith("image/") else None
    if image is None:
        raise UserError(illisible)
    codes = codes_d_image(image, qr_seul=True)
    if not codes:
        raise UserError(_("Aucun QR lisible sur cette photo : reprenez-la de plus près, bien à plat et à la lumière."))
    return codes[0].strip()

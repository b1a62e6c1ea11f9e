import os
import threading

import requests

from odoo import _, api, fields, models

from odoo.addons.cnas_base.impression.kit import est_arabe
from odoo.addons.cnas_base.jour import aujourd_hui

TAILLE_MAX = 459  # trois SMS : au-delà, les opérateurs coupent
TAILLE_MAX_ARABE = 201  # trois aussi : en UCS-2, un morceau de plusieurs porte 67 signes
ESSAIS_MAX = 5
DELAI_SECONDES = 10


def place_sms(texte):
    """Rend combien de signes de cette écriture trois SMS portent : moins en arabe."""
    return TAILLE_MAX_ARABE if est_arabe(texte) else TAILLE_MAX


def couper_sms(texte):
    """Rend le texte tel que trois SMS le portent."""
    return texte[:place_sms(texte)]


class PasserelleInjoignable(Exception):
    """La passerelle ne répond pas."""


class PasserelleHttp:
    """Un envoi : POST JSON {"to", "text"} à la passerelle de l'opérateur, jeton porteur s'il y en a un."""

    def __init__(self, env):
        self.adresse = env["cnas.parametre"].sudo()._au("sms_adresse", aujourd_hui())
        self.jeton = os.environ.get("CNAS_SMS_JETON")

    def envoyer(self, numero, texte):
        """Rend None si l'opérateur a pris le message, sinon la phrase qui dit pourquoi.

        :raise PasserelleInjoignable: le réseau, pas le message : on réessaiera plus tard
        """
        entetes = {"Authorization": f"Bearer {self.jeton}"} if self.jeton else {}
        try:
            reponse = requests.post(
                self.adresse, json={"to": numero, "text": texte}, headers=entetes, timeout=DELAI_SECONDES, allow_redirects=False)
        except requests.RequestException as erreur:
            raise PasserelleInjoignable(type(erreur).__name__) from erreur
        return None if reponse.ok else _("Refusé par la passerelle (%s).", reponse.status_code)


# Un opérateur de plus : une petite classe, sa ligne ici et son choix dans le paramètre « sms_adaptateur ».
ADAPTATEURS = {"http": PasserelleHttp}


class Sms(models.Model):
    """Un SMS à envoyer : déposé avec le fait qu'il annonce, envoyé ensuite par la tâche planifiée.

    États : en attente → envoyé, ou échec après plusieurs essais. L'adaptateur est le paramètre daté « sms_adaptateur »
    (« aucun » : rien ne se dépose, le journal garde l'avis). Le texte ne dit ni soin ni diagnostic.

    | qui | peut |
    |---|---|
    | superviseur, administrateur | lire |
    """

    _name = "cnas.sms"
    _description = "SMS"
    _inherit = ["cnas.garde.mixin"]
    _order = "id desc"
    _rec_name = "numero"

    _champs_geles = ("modele", "res_id", "numero", "texte", "state", "essais", "erreur", "date_envoi")

    modele = fields.Char(string="Modèle du dossier", readonly=True)
    res_id = fields.Integer(string="Dossier", readonly=True)
    numero = fields.Char(string="Téléphone", readonly=True, required=True)
    texte = fields.Text(string="Texte", readonly=True, required=True)
    state = fields.Selection(
        [("attente", "En attente"), ("envoye", "Envoyé"), ("echec", "Échec")], string="État", default="attente",
        required=True, readonly=True, index=True)
    essais = fields.Integer(string="Essais", readonly=True)
    erreur = fields.Char(string="Dernière erreur", readonly=True)
    date_envoi = fields.Datetime(string="Envoyé le", readonly=True)

    # ------------------------------------------------------------------ métier
    @api.model
    def _adaptateur(self):
        """Rend l'adaptateur en vigueur, ou None si aucun n'est branché."""
        parametres, jour = self.env["cnas.parametre"].sudo(), aujourd_hui()
        classe = ADAPTATEURS.get(parametres._au("sms_adaptateur", jour))
        branche = classe and parametres._au("sms_adresse", jour).startswith("https://")
        return classe(self.env) if branche else None

    @api.model
    def _deposer(self, textes):
        """Dépose des SMS pour l'envoi suivant ; sans adaptateur, rien, et qui n'a pas de numéro n'en reçoit pas.

        :param textes: [(dossier, numéro, texte)]
        :return: les SMS déposés
        """
        if not self._adaptateur():
            return self.browse()
        return self._creer([
            {"modele": dossier._name, "res_id": dossier.id, "numero": numero.replace(" ", ""), "texte": couper_sms(texte)}
            for dossier, numero, texte in textes if numero])

    @api.model
    def _envoyer_en_attente(self):
        """Tâche planifiée : envoie ce qui attend ; un refus se réessaie puis se dit, une panne s'attend sans compter."""
        adaptateur = self._adaptateur()
        for sms in self.search([("state", "=", "attente")], order="id", limit=500) if adaptateur else ():
            try:
                erreur = adaptateur.envoyer(sms.numero, sms.texte)
            except PasserelleInjoignable as panne:
                sms._ecrire({"erreur": _("Passerelle injoignable : %s", panne)})
                return
            essais = sms.essais + 1
            fini = "echec" if erreur and essais >= ESSAIS_MAX else "attente"
            sms._ecrire({"essais": essais, "erreur": erreur, "state": fini if erreur else "envoye",
                         "date_envoi": not erreur and fields.Datetime.now()})
            # Chaque envoi se garde : une panne plus loin ne renverrait pas celui qui est parti.
            if not getattr(threading.current_thread(), "testing", False):
                self.env.cr.commit()  # pylint: disable=invalid-commit

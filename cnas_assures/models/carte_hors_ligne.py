import base64
import hashlib

from odoo import api, fields, models

from odoo.addons.cnas_base.jour import aujourd_hui

from .. import cle_signature as outil

VERSION_LISTE = "cnas-cartes-1"
# Six octets : sur 200 000 cartes, une carte bonne sur un milliard s'y trouverait par hasard.
OCTETS = 6
# Une carte : huit lettres en base64. Une liste se coupe en seaux par le premier octet ; trois octets témoignent d'un seau.
LETTRES, SEAUX, TEMOIN = 8, 256, 3
LISTES = {"perdues": ("perdue",), "annulees": ("annulee",), "inactives": ("demandee", "produite", "remise", "expiree")}


class Carte(models.Model):
    """La liste qu'un téléphone emporte pour vérifier une carte sans réseau."""

    _inherit = "cnas.carte"

    @api.model
    def _liste_hors_ligne(self):
        """Rend les cartes imprimées, pas encore expirées, qui n'ouvrent pas l'accès aux soins : liste datée et signée.

        :return: {"date", "perdues", "annulees", "inactives", "signature", "cles"} ; chaque liste est le base64 des débuts
            (6 octets) de SHA-256 du texte du QR, triés ; la signature porte sur
            ``cnas-cartes-1|date|SHA-256 hexadécimal de « perdues|annulees|inactives »``
        """
        self.flush_model(["state", "qr_empreinte", "date_expiration"])
        self.env.cr.execute("""
            SELECT state, left(qr_empreinte, %s) FROM cnas_carte
             WHERE state <> 'active' AND qr_empreinte IS NOT NULL AND date_expiration >= %s ORDER BY 2
        """, [2 * OCTETS, aujourd_hui()])
        lues = self.env.cr.fetchall()
        listes = {nom: base64.b64encode(bytes.fromhex("".join(debut for etat, debut in lues if etat in etats))).decode()
                  for nom, etats in LISTES.items()}
        date = fields.Date.to_string(aujourd_hui())
        empreinte = hashlib.sha256("|".join(listes.values()).encode()).hexdigest()
        signature = self.env["cnas.signature"]._signer(f"{VERSION_LISTE}|{date}|{empreinte}")
        cles = [cle["cle"] for cle in self.env["cnas.signature"]._cle_publique_courante()]
        return {"date": date, **listes, "signature": outil.base64url(signature), "cles": cles}

    @api.model
    def _ecart_hors_ligne(self, liste, temoins):
        """Rend ce qui manque à un appareil pour avoir la liste du jour : dix cartes de plus sur dix mille passent en trois Ko, pas en 80.

        :param bytes temoins: trois octets par seau de la liste qu'il a ; autre chose rend la liste entière
        :return: {"date", "seaux": {rang: [perdues, annulees, inactives]}, "signature", "cles"} : les seaux qui ont changé, entiers.
            La signature reste celle de la liste entière : recomposée, elle se vérifie comme si elle était venue d'un bloc.
        """
        if len(temoins) != SEAUX * TEMOIN:
            return liste
        seaux = self._seaux(liste)
        changes = {rang: seau for rang, seau in enumerate(seaux) if self._temoin(seau) != temoins[rang * TEMOIN:][:TEMOIN]}
        if len(changes) > SEAUX // 2:
            return liste
        return {"seaux": changes, **{nom: valeur for nom, valeur in liste.items() if nom not in LISTES}}

    @api.model
    def _seaux(self, liste):
        """Rend, pour chacun des 256 seaux, ses cartes dans chaque liste."""
        seaux = [[[] for _nom in LISTES] for _rang in range(SEAUX)]
        for place, nom in enumerate(LISTES):
            premiers = base64.b64decode(liste[nom])[::OCTETS]
            for rang, premier in enumerate(premiers):
                seaux[premier][place].append(liste[nom][rang * LETTRES:][:LETTRES])
        return [["".join(cartes) for cartes in seau] for seau in seaux]

    @staticmethod
    def _temoin(seau):
        return hashlib.sha256("|".join(seau).encode()).digest()[:TEMOIN]

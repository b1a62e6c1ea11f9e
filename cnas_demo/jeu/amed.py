import base64

from odoo.addons.cnas_base.ecriture import ecrire_csv
from odoo.addons.cnas_base.jour import aujourd_hui

from .etape import Etape

TITRES = ("N° ménage", "Chef de ménage", "Score PMT", "Village", "Taille", "Éligibilité")
MENAGES = (
    ("RSU-0001", "Khamis Daoud Saleh", "28,4", "Amra", "7", "éligible"),
    ("RSU-0002", "Hawaye Idriss", "31,0", "Amra", "5", "éligible"),
    ("RSU-0003", "Tidjani Abdoulaye", "62,5", "Amra", "4", "non éligible"),
    ("RSU-0004", "Mariam Adoum", "35,8", "Kolo", "9", "éligible"),
)


class Amed(Etape):
    """Le registre social : une liste que l'assemblée du village a confirmée, et une réclamation reçue."""

    def charger(self):
        """Lit, contrôle et soumet la liste, y joint son procès-verbal, la valide à deux ; dépose une réclamation."""
        jour = aujourd_hui()
        liste = self.comme("agent", "cnas.liste_rsu").create({
            "name": "Registre social, Abéché rural", "reference": f"RSU-ABE-{jour:%Y}-01", "date_effet": jour,
            "fichier": base64.b64encode(ecrire_csv(TITRES, MENAGES)), "nom_fichier": "registre_social.csv",
            "district_id": self.env["cnas.district"].search([("name", "=", "Abéché")], limit=1).id})
        liste.action_controler()
        liste.action_soumettre()
        liste.with_user(self.usager("agent2")).write({
            "proces_verbal": self.pdf("Procès-verbal de l'assemblée d'Amra"), "proces_verbal_nom": "pv_amra.pdf", "date_assemblee": jour})
        liste.with_user(self.usager("superviseur")).action_valider()
        self.comme("agent2", "cnas.reclamation_amed").create({
            "nature": "inclusion", "decision_id": liste.sudo().decision_ids.sorted("id")[:1].id, "demandeur": "Chef du village d'Amra",
            "expose": "Le ménage a quitté le village depuis la récolte."})

import base64

from odoo import api, models
from odoo.tools import image_process

from odoo.addons.cnas_base.age import age_en_annees
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_referentiels.bareme import Bareme

TYPES = ("acte", "examen", "medicament", "consommable")
COTE_PHOTO = 120


class Assure(models.Model):
    """Ce qu'un guichet montre de qui porte la carte : de quoi le reconnaître, ce que la caisse prend, ce qui reste."""

    _inherit = "cnas.assure"

    @api.model
    def _fiche_du_porteur(self, matricule, date, usager):
        """Rend {"sexe", "age", "photo", "taux", "plafonds", "carence", "reserve"} d'un assuré, ou None s'il n'y en a pas.

        :param usager: qui lit : il ne voit ce qui est consommé que s'il peut le lire
        :return: taux : [(sorte de soins, taux, ticket)] en pour cent ; plafonds : voir `droits_restants` ; carence : premier
            jour hors carence s'il est à venir ; reserve : la date demandée n'est pas venue
        """
        assure = self.browse(self._chercher_matricule(matricule)[0] or [])
        if not assure:
            return None
        jour = self._lire_date(date)
        droit = self._droits_par_lot([(assure.id, jour)])[assure.id, jour]
        lisibles = assure.with_user(usager)._consommations_lisibles(assure.id)
        cle = (assure.id, jour, False)
        photo = assure.photo and image_process(base64.b64decode(assure.photo), size=(COTE_PHOTO, COTE_PHOTO), quality=60, output_format="JPEG")
        carence = droit["date_fin_carence"]
        return {
            "sexe": dict(self._fields["genre"]._description_selection(self.env)).get(assure.genre, ""),
            "age": assure._libelle_age(jour), "photo": photo and f"data:image/jpeg;base64,{base64.b64encode(photo).decode()}",
            "taux": assure._taux_au(droit["regime_id"], jour), "reserve": jour > aujourd_hui(),
            "carence": carence if carence and carence > jour else False,
            "plafonds": self._consommations_par_lot([cle])[cle]["plafonds"] if lisibles else [],
        }

    def _taux_au(self, regime_id, jour):
        """Rend [(sorte de soins, taux, ticket)] de la personne ce jour-là, hors maladie longue et maternité."""
        self.ensure_one()
        enfant = self.date_naissance and age_en_annees(self.date_naissance, jour) < self.env["cnas.parametre"]._au("age_enfant", jour)
        # La nature des soins qu'aurait une feuille de la personne, sans diagnostic : le taux dit est celui qui sera pris.
        bareme, nature = Bareme(self.env, []), "enfant" if enfant else "ordinaire"
        sortes = dict(self.env["cnas.prestation"]._fields["type_prestation"]._description_selection(self.env))
        taux = {sorte: bareme.taux(regime_id, sorte, nature, jour) for sorte in TYPES}
        return [(sortes[sorte], pris // 100, 100 - pris // 100) for sorte, pris in taux.items() if pris is not None]

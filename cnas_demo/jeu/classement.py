from dateutil.relativedelta import relativedelta

from odoo.addons.cnas_base.jour import aujourd_hui

from .etape import Etape


class Classement(Etape):
    """Le registre du courrier, une lettre d'il y a longtemps à détruire, une affaire qui gèle un dossier."""

    def charger(self):
        """Inscrit trois courriers, en classe les lettres, gèle l'une, propose de détruire l'autre."""
        jour, courriers = aujourd_hui(), self.comme("agent", "cnas.courrier")
        demande = courriers.create({"correspondant": "Délégation de l'action sociale, Abéché", "voie": "porteur", "leur_reference": "DAS/214",
                                    "objet": "Liste des ménages d'Amra", "date": jour - relativedelta(days=9)})
        courriers.create({"sens": "envoye", "correspondant": demande.correspondant, "objet": "Réponse : liste des ménages d'Amra",
                          "reponse_a_id": demande.id, "voie": "courriel", "date": jour - relativedelta(days=4)})
        plainte = courriers.create({"correspondant": "Parquet d'Abéché", "objet": "Réquisition : pièces d'une affaire en cours",
                                    "leur_reference": "RP 118", "voie": "porteur"})
        self._classer(plainte, "Réquisition du parquet", jour)
        self._classer(demande, "Lettre jointe, ancienne délégation", jour - relativedelta(years=31))
        self.comme("superviseur", "cnas.gel").create({
            "name": "Parquet d'Abéché, RP 118", "courrier_id": plainte.id, "motif": "Enquête en cours : rien de ce courrier ne se détruit."})
        proces_verbal = self.comme("agent", "cnas.destruction").create({})
        proces_verbal.action_lister()
        proces_verbal.action_proposer()

    def _classer(self, courrier, intitule, date_document):
        self.comme("agent", "cnas.document").create({
            "type_id": courrier.type_id.id, "courrier_id": courrier.id, "name": intitule, "date_document": date_document,
            "nom_fichier": "lettre.pdf", "fichier": self.pdf(intitule)})

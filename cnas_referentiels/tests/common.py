from datetime import date

from odoo.tests.common import new_test_user

from odoo.addons.cnas_base.tests.common import TransactionCase


class CommunReferentiels(TransactionCase):
    """Un médicament, un acte coté, un acte au forfait et une lettre-clé neufs, sans dépendre des données livrées."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True, "lang": "fr_FR"})
        cls.administrateur = new_test_user(
            cls.env, "ref_admin", groups="cnas_base.group_administrateur", email="ref_admin@example.com")
        cls.agent = new_test_user(cls.env, "ref_agent", groups="cnas_base.group_agent", email="ref_agent@example.com")
        cls.medicament = cls.env["cnas.medicament"].create(
            {"code": "TST-MED", "name": "Doliprane", "dci": "Paracétamol"})
        cls.lettre = cls.env["cnas.lettre_cle"].create({"code": "TSTK", "name": "Lettre d'essai"})
        cls.acte_cote = cls.env["cnas.acte"].create({
            "code": "TST-ACT", "name": "Suture d'essai", "mode_tarif": "cotation",
            "lettre_cle_id": cls.lettre.id, "coefficient": 2.5})
        cls.acte = cls.env["cnas.acte"].create({"code": "TST-FOR", "name": "Consultation d'essai"})
        cls.Prestation = cls.env["cnas.prestation"]

    @classmethod
    def tarif(cls, debut, fin=False, montant=1500, niveau=0, objet=None):
        """Crée un tarif daté du médicament d'essai (ou de `objet`)."""
        objet = objet or cls.medicament
        nom = objet._name.split(".")[1]
        return cls.env[f"cnas.config_{nom}"].create({
            f"{nom}_id": objet.id, "montant": montant, "niveau": niveau, "date_debut": debut, "date_fin": fin})

    @classmethod
    def montant_le(cls, jour, niveau=False, code="TST-MED"):
        """Rend le montant applicable, ou False."""
        tarif = cls.Prestation.tarif_applicable([code], str(jour), niveau)[code]
        return tarif and tarif["montant"]


JOUR = date(2026, 11, 21)

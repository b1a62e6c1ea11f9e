import base64

from odoo import fields

from odoo.addons.cnas_base.ecriture import ecrire_date

from ..calendrier import en_ce_jour
from .etape import Etape


class Cotisations(Etape):
    """Les appels des déclarations validées, des versements et un relevé, le trimestre, un employeur relancé puis mis en demeure."""

    def charger(self):
        """Encaisse, importe un relevé, appelle le trimestre, mène deux dossiers de recouvrement."""
        if not self.env["cnas.appel_cotisation"].search_count([], limit=1):
            self._appeler_les_validees()
        appels = self.env["cnas.appel_cotisation"].search([("sorte", "=", "initial")], order="id")
        comptes = appels.cotisant_id.sorted("id")
        self._encaisser(appels, comptes)
        self._importer_un_releve(comptes)
        self._regulariser(appels[0])
        self.comme("superviseur", "cnas.appel_cotisation").appeler_trimestre(fields.Date.to_string(self.calendrier.aujourdhui))
        self._recouvrer(comptes[2:4])
        self._exclure()

    def _appeler_les_validees(self):
        """Une base dont les déclarations étaient validées avant cet addon : leurs appels sont datés du jour de leur validation."""
        validees = self.env["cnas.declaration_effectif"].search([("state", "=", "validee")], order="periode, id")
        for mois, siennes in validees.grouped("periode").items():
            with en_ce_jour(self.calendrier.borner(fields.Date.add(mois, months=1, day=10))):
                siennes._appeler()

    def _encaisser(self, appels, comptes):
        encaissements = self.comme("finance", "cnas.encaissement")
        for rang, (compte, mode) in enumerate(zip(comptes[:2], ("virement", "guichet"))):
            siens = appels.filtered(lambda a, c=compte: a.cotisant_id == c)
            encaissements.create({
                "cotisant_id": compte.id, "mode": mode, "montant": int(sum(siens.mapped("montant"))) - 5_000 * rang or 1_000,
                "date": self.calendrier.jour(6), "reference": f"DEMO-VIR-{rang + 1}" if mode == "virement" else False, "payeur": "Le comptable"})
        erreur = encaissements.create({"cotisant_id": comptes[2].id, "mode": "cheque", "montant": 10_000, "reference": "DEMO-CHQ-1",
                                       "date": self.calendrier.jour(5)})
        erreur.with_user(self.usager("finance2")).action_annuler("Chèque impayé, factice")

    def _importer_un_releve(self, comptes):
        jour = ecrire_date(self.calendrier.jour(3))
        lignes = ("Date;Référence;Libellé;Montant", f"{jour};DEMO-TX-1;VIREMENT {comptes[3].matricule} COTISATIONS;25000",
                  f"{jour};DEMO-TX-2;VERSEMENT SANS NOM;40000")
        self.comme("finance", "cnas.releve_cotisation").importer(
            base64.b64encode("\n".join(lignes).encode()).decode(), "releve-demonstration.csv", "virement")

    def _regulariser(self, appel):
        complement = self.comme("agent", "cnas.appel_cotisation").create({
            "origine_id": appel.id, "montant_employeur": 3_500, "montant_salarie": 1_500, "motif": "Prime oubliée, factice"})
        complement.with_user(self.usager("superviseur")).action_emettre()

    def _recouvrer(self, comptes):
        """Deux dossiers : l'un mis en demeure puis échelonné, l'autre relancé ; un employeur qui ne paie pas les attend."""
        self._vieillir(comptes)
        dossiers = self.env["cnas.recouvrement"].sudo()._ouvrir(comptes)
        dossiers.with_user(self.usager("agent")).action_relancer()
        dossiers[:1]._ecrire({"date_relance": self.calendrier.jour(20)}, suivi=False)
        lettre = dossiers[:1].acte_ids.with_user(self.usager("agent"))
        lettre.write({"date_envoi": self.calendrier.aujourdhui, "mode_envoi": "recommande", "reference_envoi": "RR-DEMO-1"})
        lettre.action_envoyer()
        premier = dossiers[:1].with_user(self.usager("superviseur"))
        premier.action_mettre_en_demeure()
        premier.action_echelonner(3, fields.Date.to_string(self.calendrier.jour(-30)))

    def _vieillir(self, comptes):
        """Fait échoir les appels de ces comptes il y a deux mois : la démonstration n'attend pas."""
        for appel in comptes.appel_ids.filtered(lambda a: a.state == "emis"):
            appel._ecrire({"date_echeance": self.calendrier.jour(65)}, suivi=False)
            self.env.cr.execute("UPDATE account_move_line SET date_maturity = %s WHERE id = %s", [self.calendrier.jour(65), appel.ligne_due_id.id])
        self.env.invalidate_all()

    def _exclure(self):
        """Une indemnité de transport, dans une déclaration encore ouverte."""
        ligne = self.env["cnas.declaration_effectif.ligne"].search([("declaration_id.state", "=", "brouillon"), ("salaire", ">", 60_000)], limit=1)
        if ligne:
            self.comme("agent", "cnas.declaration_effectif.exclusion").create({
                "ligne_id": ligne.id, "exclusion_id": self.env.ref("cnas_cotisations.exclusion_transport").id, "montant": 30_000})

import base64
from datetime import timedelta

from freezegun import freeze_time

from odoo.tests.common import new_test_user

from odoo.addons.cnas_base.ecriture import ecrire_csv
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.tests.common import JOUR
from odoo.addons.cnas_facturation.tests.commun_facture import CommunFacture


class CommunCompta(CommunFacture):
    """Un agent comptable, la société sans verrou, et ce qui se lit dans les pièces."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.comptable = new_test_user(cls.env, "t_comptable", groups="cnas_comptabilite.group_comptable")
        cls.societe = cls.env["cnas.plan_comptes"].societe()
        cls.societe.write({"fiscalyear_lock_date": False, "period_lock_date": False})
        cls.comptabilite = cls.env["cnas.comptabilite"].with_user(cls.comptable)
        # Un budget de démonstration ne décide pas de ces essais.
        cls.env["cnas.budget"].search([])._ecrire({"state": "abandonne"}, suivi=False)
        cls.comptabilite.comptabiliser()

    def feuille(self, **autres):
        """Une feuille de soins d'il y a quinze jours : le jour où l'essai se passe peut être passé."""
        jour = aujourd_hui() - timedelta(days=15)
        return super().feuille(**{"date_soins": str(jour), "date_depot": str(aujourd_hui()), **autres})

    def preparee(self, feuilles=None, usager=None, nombre=1):
        if feuilles is None:
            for _rang in range(nombre):
                self.feuille()
        mois = (aujourd_hui() - timedelta(days=15)).replace(day=1)
        return self.factures.browse(self.factures.with_user(usager or self.agent2).preparer("T-CS-01", str(mois)))

    def pieces(self, *sources):
        """Rend les pièces de ces dossiers, comptabilisés d'abord, dans l'ordre où elles furent écrites."""
        self.comptabilite.comptabiliser()
        pieces = self.env["account.move"]
        for source in sources:
            for dossier in source:
                pieces |= pieces.search([("cnas_modele", "=", dossier._name), ("cnas_res_id", "=", dossier.id)], order="id")
        return pieces

    def ecritures(self, pieces):
        """Rend {compte: débit moins crédit} des pièces, après avoir vérifié que chacune est équilibrée et comptabilisée."""
        soldes = {}
        for piece in pieces:
            self.assertEqual(sum(piece.line_ids.mapped("debit")), sum(piece.line_ids.mapped("credit")), piece.name)
            self.assertEqual((piece.state, piece.move_type), ("posted", "entry"))
            for ligne in piece.line_ids:
                soldes[ligne.account_id.code] = soldes.get(ligne.account_id.code, 0) + int(ligne.balance)
        return {compte: solde for compte, solde in soldes.items() if solde}

    def solde(self, *codes, au=None):
        """Rend le solde de comptes, à une date."""
        self.env.flush_all()
        self.env.cr.execute("""
            SELECT COALESCE(SUM(l.balance), 0)::bigint FROM account_move_line l JOIN account_account a ON a.id = l.account_id
             WHERE a.code = ANY(%s) AND l.parent_state = 'posted' AND l.date <= %s AND l.move_id IN (SELECT move_id FROM cnas_fait_comptable)""",
                            [list(codes), au or aujourd_hui()])
        return self.env.cr.fetchone()[0]

    def il_y_a(self, jours):
        """Fait d'il y a tant de jours l'aujourd'hui de ce qui suit."""
        return freeze_time(JOUR - timedelta(days=jours), tick=True)

    def releve(self, journal, *rangs, titres=("Date opération", "Libellé", "Référence", "Débit", "Crédit")):
        """Rend l'import, contrôlé, d'un relevé de ce compte."""
        recu = self.env["cnas.import_fichier"].with_user(self.comptable).create({
            "sujet": "releves", "nom_fichier": "releve.csv", "fichier": base64.b64encode(ecrire_csv(titres, rangs)),
            "journal_id": self.env["account.journal"].search([("code", "=", journal), ("company_id", "=", self.societe.id)]).id})
        recu.action_controler()
        return recu

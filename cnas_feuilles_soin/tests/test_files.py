from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL
from odoo.tools.safe_eval import safe_eval

from .commun_feuille import CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestFiles(CommunFeuille):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["cnas.competence_controleur"].search([]).active = False
        competences = cls.env["cnas.competence_controleur"]
        cls.fiche = competences.create({"user_id": cls.controleur.id, "traite_enfant": True, "plafond": 3})
        cls.fiche2 = competences.create(
            {"user_id": cls.controleur2.id, "traite_ordinaire": False, "traite_ald": True, "plafond": 50})

    def _lot(self, nombre, prefixe, **autres):
        resultats = self.importer(*[self.dossier(f"{prefixe}-{n}", **autres) for n in range(nombre)])
        return self.feuilles.browse([r["id"] for r in resultats])

    def test_par_nature_et_plafond(self):
        ordinaires = self._lot(5, "O")
        self.assertEqual(len(ordinaires.filtered(lambda f: f.controleur_id == self.controleur)), 3)
        self.assertEqual(len(ordinaires.filtered(lambda f: not f.controleur_id)), 2)
        ald = self._lot(2, "A", pathologie="X98.7")
        self.assertEqual(ald.controleur_id, self.controleur2)
        self.assertTrue(ald[0].date_affectation)

    def test_au_moins_charge(self):
        self.fiche.plafond = 50
        self.fiche2.traite_ordinaire = True
        charges = self._lot(10, "O").mapped("controleur_id.login")
        feuilles = self.feuilles.search([("reference", "like", "O-")])
        self.assertEqual(len(feuilles.filtered(lambda f: f.controleur_id == self.controleur)), 5)
        self.assertEqual(set(charges), {"t_controleur", "t_controleur2"})

    def test_jamais_a_qui_a_saisi(self):
        feuille = self.brouillon(user=self.controleur)
        feuille.action_deposer()
        self.assertFalse(feuille.controleur_id)
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            feuille.action_prendre()

    def test_absence_et_repartition(self):
        self.fiche.plafond = 50
        feuilles = self._lot(4, "O")
        self.assertEqual(feuilles.controleur_id, self.controleur)
        self.fiche2.traite_ordinaire = True
        self.fiche.write({"absent_du": "2026-01-01", "absent_au": "2099-01-01"})
        self.assertTrue(self.fiche.absent)
        with self.assertRaises(AccessError):
            self.fiche.with_user(self.controleur).action_repartir()
        self.fiche.with_user(self.superviseur).action_repartir()
        self.assertEqual(feuilles.controleur_id, self.controleur2)

    def test_les_etats_dans_l_ordre_du_circuit_au_kanban(self):
        """Le kanban demande tous les groupes par une limite immense : l'ordre reste celui du circuit."""
        self._lot(2, "K")
        self.brouillon()
        rendu = self.feuilles.web_read_group([("formation_id", "=", self.formation.id)], ["state"], ["state"], limit=2**53 - 1)
        etats = [groupe["state"] for groupe in rendu["groups"]]
        self.assertGreater(len(etats), 1)
        circuit = [etat for etat, _nom in self.feuilles._fields["state"].selection]
        self.assertEqual(etats, sorted(etats, key=circuit.index))

    def test_le_circuit_partout_et_ses_etapes_vides(self):
        """Kanban : les étapes que la file permet, même vides ; tableau croisé, graphe, panneau : le même ordre, sans étape vide."""
        def groupes(modele, domaine, par, **options):
            return [g["state"] for g in modele.read_group(domaine, ["__count"], par, **options)]

        feuilles, circuit = self._lot(2, "P") | self.brouillon(), [etat for etat, _nom in self.feuilles._fields["state"].selection]
        siennes = [("id", "in", feuilles.ids)]
        self.assertEqual(groupes(self.feuilles, siennes, "state"), [e for e in circuit if e in self.feuilles._circuit])
        file = [*siennes, ("state", "in", ("deposee", "controle")), ("controleur_id", "!=", 0)]
        self.assertEqual(groupes(self.feuilles, file, "state"), ["deposee", "controle"])
        self.assertEqual(groupes(self.feuilles, ["|", ("id", "=", 0), *siennes], "state"), ["brouillon", "deposee"], "il ne devine pas")
        self.env.cr.execute("UPDATE cnas_feuille_soin SET state = 'annulee' WHERE id = %s", [feuilles[0].id])
        self.env.invalidate_all()
        self.assertEqual(groupes(self.feuilles, siennes, ["formation_id", "state"], lazy=False), ["brouillon", "deposee", "annulee"])
        analyse = self.env["cnas.feuille_analyse"]
        self.assertEqual(groupes(analyse, [("formation_id", "=", self.formation.id)], ["state"], lazy=False), ["deposee"])
        panneau = self.feuilles.search_panel_select_range("state", enable_counters=True, search_domain=siennes)["values"]
        self.assertEqual([v["id"] for v in panneau], [e for e in circuit if e in {v["id"] for v in panneau}])

    def test_ma_file_est_ce_que_l_accueil_compte(self):
        """Ce qui attend le médecin ou la formation n'est pas dans la file du contrôleur."""
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_feuilles_soin.feuille_soin_ma_file_action")
        tache = next(t for t in self.env["cnas.accueil"].with_user(self.controleur).a_faire() if t["titre"] == "Ma file")
        self.assertEqual(safe_eval(action["domain"], {"uid": self.controleur.id}), [tuple(c) for c in tache["action"]["domain"]])

    def test_affecter(self):
        feuille = self._lot(1, "O")
        with self.assertRaises(AccessError):
            feuille.with_user(self.controleur).action_affecter(self.controleur2.id)
        feuille.with_user(self.superviseur).action_affecter(self.controleur2.id)
        self.assertEqual(feuille.controleur_id, self.controleur2)
        with self.assertRaises(UserError):
            feuille.with_user(self.superviseur).action_affecter(self.agent.id)
        with self.assertRaises(UserError):
            feuille.with_user(self.controleur).action_prendre()
        with self.assertRaises(UserError):
            feuille.with_user(self.superviseur).write({"controleur_id": self.controleur.id})

    def test_competence_reservee_aux_controleurs(self):
        with self.assertRaises(UserError):
            self.env["cnas.competence_controleur"].create({"user_id": self.agent.id})

    def test_requetes_constantes(self):
        """Déposer et affecter 10 ou 100 feuilles coûte le même nombre de requêtes."""
        self.fiche.plafond = self.fiche2.plafond = 1000

        def requetes(nombre, prefixe):
            brouillons = self.feuilles.with_user(self.agent).create([{
                "reference": f"{prefixe}-{n}", "formation_id": self.formation.id, "assure_id": self.assure.id,
                "agence_id": self.agence.id, "date_soins": "2026-11-10", "pathologie_id": self.palu.id,
                "ligne_ids": [(0, 0, {"prestation_id": self.acte.prestation_id.id, "prix_unitaire": 1500})],
            } for n in range(nombre)])
            self.env.flush_all()
            self.env.invalidate_all()
            avant = self.env.cr.sql_log_count
            brouillons.action_deposer()
            self.env.flush_all()
            return self.env.cr.sql_log_count - avant

        requetes(3, "chauffe")
        petit, grand = requetes(10, "petit"), requetes(100, "grand")
        self.assertLessEqual(grand, petit + 2)

    def test_retard(self):
        feuille = self.deposee("VIEUX", date_soins="2026-01-05", date_depot="2026-01-06")
        self.assertTrue(feuille.en_retard)
        self.assertIn(feuille, self.feuilles.search([("en_retard", "=", True)]))
        self.assertNotIn(feuille, self.feuilles.search([("en_retard", "=", False)]))

    def test_une_file_se_lit_sans_se_trier(self):
        """La première page d'une liste vient d'un index : soixante mille feuilles en attente ne se relisent pas à chaque clic."""
        for autre in ("seqscan", "bitmapscan", "sort"):  # à quelques lignes, tout se vaut : qu'on prenne l'index s'il existe
            self.env.cr.execute(f"SET LOCAL enable_{autre} = off")
        for modele, domaine in ((self.feuilles, []), (self.feuilles, [("state", "=", "deposee")]), (self.env["cnas.droit"], [("state", "=", "ouvert")])):
            with self.subTest(f"{modele._name} {domaine}"):
                requete = modele._search(domaine, limit=80, order=modele._order).select()
                self.env.cr.execute(SQL("EXPLAIN %s", requete))
                self.assertNotIn("Sort", "\n".join(ligne for ligne, in self.env.cr.fetchall()))

from unittest.mock import patch

import psycopg2

from odoo.exceptions import UserError
from odoo.tests.common import tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.tests.pdf import texte_pdf
from odoo.addons.cnas_formations.rib import composer_rib

from ..models.decompte.registre import HORS_EMPREINTE
from .commun_facture import MOIS, CommunFacture

# Ce qui change un jour sans que les documents passés y soient pour rien : (modèle, champ), ou le modèle entier.
FAITS_VIVANTS = {
    "cnas.assure": {"regime_id", "name", "nom", "prenom", "matricule", "telephone_1"},
    "cnas.formation_sanitaire": {
        "niveau", "type_formation", "name", "code", "compte_principal_id", "compte_pharmacie_id"},
    "cnas.prestation": {"name", "code"},
    "res.partner.bank": None, "cnas.bareme_cotisation": None, "cnas.taux": None, "cnas.plafond": None,
    "cnas.tarif": None, "cnas.parametre": None, "cnas.config_acte": None, "cnas.config_medicament": None,
    "cnas.config_consommable": None, "cnas.config_examen": None, "cnas.config_lettre_cle": None,
}
# Le compte et le taux valent de l'argent : ils se vérifient comme les montants.
CHAMPS_SENSIBLES = ("compte", "taux", "taux_employeur", "taux_salarie", "tarif", "regime_id")


def vivant(modele, champ):
    """Dit si un champ est un fait du jour, étranger au document qui le lirait."""
    return modele in FAITS_VIVANTS and (FAITS_VIVANTS[modele] is None or champ in FAITS_VIVANTS[modele])


@tagged("post_install", "-at_install", "cnas")
class TestRienDeVivant(CommunFacture):
    """Aucun montant stocké, aucune vue chiffrée ne lit un fait du jour."""

    def _dependances(self, modele, champ, vus):
        """Rend, de proche en proche, les (modèle, champ) dont dépend un champ calculé."""
        if (modele._name, champ.name) in vus:
            return
        vus.add((modele._name, champ.name))
        chemins = champ.get_depends(modele)[0] if champ.compute or champ.related else ()
        for chemin in chemins:
            ici = modele
            for nom in chemin.split("."):
                etape = ici._fields[nom]
                yield ici._name, nom
                yield from self._dependances(ici, etape, vus)
                ici = self.env[etape.comodel_name] if etape.relational else ici

    def test_champs_stockes(self):
        fautes = set()
        for nom, modele in self.env.items():
            if not nom.startswith("cnas.") or modele._abstract or modele._transient or not modele._auto:
                continue
            for champ in modele._fields.values():
                if champ.store and (champ.type == "monetary" or champ.name in CHAMPS_SENSIBLES and champ.compute):
                    fautes |= {(nom, champ.name, *lu) for lu in self._dependances(modele, champ, set())
                               if vivant(*lu) and lu[0] != nom}
        # Le régime d'une carte sert à la chercher ; celui qu'elle imprime se fige à la production (ses propres tests).
        self.assertEqual(fautes - {("cnas.carte", "regime_id", "cnas.assure", "regime_id")}, set())

    def test_vues_chiffrees(self):
        """PostgreSQL dit lui-même quelles colonnes une vue lit."""
        chiffrees = [modele._table for nom, modele in self.env.items() if nom.startswith("cnas.") and not modele._auto
                     and not modele._abstract and nom not in FAITS_VIVANTS
                     and any(c.type == "monetary" for c in modele._fields.values())]
        self.assertIn("cnas_feuille_analyse", chiffrees)
        self.env.cr.execute("""
            SELECT DISTINCT v.relname, t.relname, a.attname
              FROM pg_rewrite r JOIN pg_class v ON v.oid = r.ev_class
              JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
              JOIN pg_class t ON t.oid = d.refobjid
              JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
             WHERE v.relname = ANY(%s) AND d.refobjsubid > 0""", (chiffrees,))
        lues = self.env.cr.fetchall()
        self.assertIn(("cnas_feuille_analyse", "cnas_feuille_soin", "regime_id"), lues)
        tables = {self.env[nom]._table: nom for nom in FAITS_VIVANTS if nom in self.env}
        self.assertEqual([(vue, table, colonne) for vue, table, colonne in lues
                          if table in tables and vivant(tables[table], colonne)], [])


@tagged("post_install", "-at_install", "cnas")
class TestFaitsFiges(CommunFacture):
    """Une facture payée redit la même chose, quoi que deviennent l'assuré, la formation et les barèmes."""

    def _tout_change(self, facture):
        """Change, le plus loin possible dans le passé, tout ce que les documents ont recopié."""
        asi = self.env.ref("cnas_base.regime_asi")
        for assure in facture.feuille_ids.assure_id:
            assure.with_user(self.agent).action_changer_regime(asi.id, "Devient indépendant", "2021-01-01")
            assure._ecrire({"nom": "AUTRENOM", "prenom": "Autreprénom"})
        formation = facture.formation_id
        autre = self.env["cnas.district"].search([("province_id", "!=", formation.province_id.id)], limit=1)
        formation.convention_ids._ecrire({"state": "suspendue"})
        formation._ecrire({
            "name": "Autre formation", "type_formation": "hopital_reference", "district_id": autre.id,
            "compte_principal_id": self.env["res.partner.bank"].create({
                "acc_number": composer_rib("60002", "00077", f"{77:011d}"), "partner_id": formation.partner_id.id}).id})
        facture.validateur_id.name = "Autre valideur"
        self.env["cnas.taux"].search([]).taux = 1
        self.acte.name = "Autre libellé"
        self.env.flush_all()
        self.env.invalidate_all()

    def _photo(self, facture):
        """Rend tout ce que disent la facture, ses documents, ses ordres et ses tableaux."""
        self.env.flush_all()
        self.env.invalidate_all()
        decomptes = facture.decompte_ids.sorted("id")
        lot = facture.ordre_ids.lot_id
        chiffres = self.env["cnas.facture_chiffres"].browse(facture.id).read(["niveau", "a_payer", "paye"])
        analyse = self.env["cnas.feuille_analyse"].search_read(
            [("feuille_id", "in", facture.feuille_ids.ids)],
            ["regime_id", "niveau", "montant_cnas", "montant_facture"], order="id")
        return {
            "regimes": facture._montants_par_regime(), "chiffres": chiffres, "analyse": analyse,
            "bordereau": texte_pdf(facture.sudo()._pdf()),
            "decomptes": [texte_pdf(d._pdf()) for d in decomptes], "csv": [d._csv() for d in decomptes],
            "intacts": decomptes.verifier(),
            "ordres": facture.ordre_ids.read(["titulaire", "rib", "banque", "telephone", "montant", "mode_paiement"]),
            "lot": [texte_pdf(lot._pdf_etat()), lot._fichier_aller()] if lot else [],
            "montants": facture.read([n for n, c in facture._fields.items() if c.type == "monetary" and c.store]),
        }

    def test_facture_payee(self):
        facture = self.ordonnancee()
        lot = self.transmettre(facture)
        lot.with_user(self.finance2).action_executer(self.jour(), "VIR-1")
        avant = self._photo(facture)
        self.assertEqual([r[0] for r in avant["regimes"][facture.id]], ["ASS"])
        self.assertIn("Formation T-CS-01", avant["bordereau"])
        self._tout_change(facture)
        apres = self._photo(facture)
        for quoi, valeur in avant.items():
            self.assertEqual(apres[quoi], valeur, quoi)

    def test_contre_passation(self):
        """La contre-passation redit l'identité du décompte qu'elle annule ; la facture revalidée dit celle du jour."""
        facture = self.validee()
        self._tout_change(facture)
        facture.with_user(self.superviseur).action_contre_passer("Erreur de taux")
        original, inverse = facture.decompte_ids.sorted("id")
        self.assertEqual(inverse.identite["nom"], original.identite["nom"])
        self.assertIn("Formation T-CS-01", texte_pdf(inverse._pdf()))
        self.assertEqual(facture._identite()["nom"], "Autre formation")
        facture.with_user(self.superviseur2).action_valider()
        self.assertEqual(facture.decompte_id.identite["nom"], "Autre formation")
        self.assertTrue(all(facture.decompte_ids.verifier().values()))

    def test_contre_passe_ne_montre_pas_les_ordres_du_suivant(self):
        facture = self.validee()
        original = facture.decompte_id
        facture.with_user(self.superviseur).action_contre_passer("Erreur de taux")
        avant = texte_pdf(original._pdf())
        facture.with_user(self.superviseur2).action_valider()
        facture.with_user(self.finance).action_ordonnancer()
        self.assertEqual(texte_pdf(original._pdf()), avant)

    def test_rejet_de_banque_ne_reecrit_pas_le_lot(self):
        facture = self.ordonnancee()
        lot = self.transmettre(facture)
        avant = (texte_pdf(lot._pdf_etat()), lot._fichier_aller())
        facture.ordre_ids[0].with_user(self.finance).action_rejeter_banque("Compte clos")
        self.assertEqual((texte_pdf(lot._pdf_etat()), lot._fichier_aller()), avant)

    def test_remboursement(self):
        """Le décompte d'un assuré garde le nom et le téléphone du jour où il fut payé."""
        assure = self.creer_assure("Rembourse", "1980-01-01")
        assure.telephone_1 = "66123456"
        feuille = self.importer(self.dossier(
            self._reference(), matricule=assure.matricule, mode="remboursement"))[0]
        facture = self.factures.browse(
            self.factures.with_user(self.agent2).preparer_remboursement(assure.matricule, MOIS))
        self.assertEqual(facture.feuille_ids.ids, [feuille["id"]])
        facture.with_user(self.agent2).action_soumettre()
        self.decider(facture.feuille_ids)
        facture.with_user(self.controleur).action_controler()
        facture.with_user(self.superviseur).action_valider()
        facture.with_user(self.finance).action_ordonnancer()
        avant = self._photo(facture)
        self.assertIn("Rembourse", avant["bordereau"])
        assure._ecrire({"nom": "AUTRENOM", "telephone_1": "66999999"})
        assure.with_user(self.agent).action_changer_regime(
            self.env.ref("cnas_base.regime_asi").id, "Devient indépendant", "2021-01-01")
        self.assertEqual(self._photo(facture), avant)


@tagged("post_install", "-at_install", "cnas")
class TestDecompteScelle(CommunFacture):
    """La base fige tout le décompte ; l'empreinte couvre tout ce qu'il dit."""

    def _autre_valeur(self, champ):
        """Rend l'expression SQL d'une autre valeur pour la colonne."""
        colonne = f"{self.env[champ.model_name]._table}.{champ.name}"
        if champ.type == "many2one":
            return f"(SELECT max(t.id) FROM {self.env[champ.comodel_name]._table} t WHERE t.id IS DISTINCT FROM {colonne})"
        return {
            "monetary": f"COALESCE({colonne}, 0) + 1", "integer": f"COALESCE({colonne}, 0) + 1",
            "float": f"COALESCE({colonne}, 0) + 1", "date": f"COALESCE({colonne}, '2020-01-01') + 1",
            "datetime": f"{colonne} + interval '1 day'", "json": "'{\"nom\": \"Autre\"}'",
        }.get(champ.type, "'autre'")

    def test_aucune_colonne_ne_bouge(self):
        decompte = self.validee().decompte_id
        self.env.flush_all()
        colonnes = [c for c in decompte._fields.values() if c.store and c.column_type
                    and c.name not in ("write_uid", "write_date", "state")]
        self.assertGreater(len(colonnes), 30)
        for champ in colonnes:
            with self.subTest(champ.name), mute_logger("odoo.sql_db"), \
                    self.assertRaisesRegex(psycopg2.errors.CheckViolation, "figée?"), self.env.cr.savepoint():
                self.env.cr.execute(
                    f"UPDATE cnas_decompte SET {champ.name} = {self._autre_valeur(champ)} WHERE id = %s", (decompte.id,))

    def test_contre_passe_une_seule_fois(self):
        facture = self.validee()
        original = facture.decompte_id
        facture.with_user(self.superviseur).action_contre_passer("Erreur de taux")
        self.env.flush_all()
        with mute_logger("odoo.sql_db"), self.assertRaisesRegex(psycopg2.errors.CheckViolation, "figée?"), self.env.cr.savepoint():
            self.env.cr.execute("UPDATE cnas_decompte SET state = 'emis' WHERE id = %s", (original.id,))

    def test_aucune_ligne_ne_s_ajoute(self):
        decompte = self.validee().decompte_id
        self.env.flush_all()
        with mute_logger("odoo.sql_db"), self.assertRaisesRegex(psycopg2.errors.CheckViolation, "figée?"), self.env.cr.savepoint():
            self.env.cr.execute("""
                INSERT INTO cnas_decompte_ligne (decompte_id, rang, montant_facture, montant_cnas, ticket_moderateur,
                                                 depassement, montant_rejete) VALUES (%s, 99, 0, 0, 0, 0, 0)""",
                                (decompte.id,))

    def test_l_empreinte_couvre_toutes_les_colonnes(self):
        decompte = self.validee().decompte_id
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE cnas_decompte DISABLE TRIGGER USER")
        self.env.cr.execute("ALTER TABLE cnas_decompte_ligne DISABLE TRIGGER USER")
        for modele, cle in (("cnas.decompte", "id"), ("cnas.decompte.ligne", "decompte_id")):
            for champ in self.env[modele]._fields.values():
                if not champ.store or not champ.column_type or champ.name in (*HORS_EMPREINTE, "id", "decompte_id"):
                    continue
                with self.subTest(f"{modele}.{champ.name}"), mute_logger("odoo.sql_db"):
                    self._alterer(modele, cle, champ, decompte)

    def _alterer(self, modele, cle, champ, decompte):
        """Change la colonne, demande l'empreinte, remet la colonne."""
        table = self.env[modele]._table
        try:
            with self.env.cr.savepoint(flush=False) as point:
                self.env.cr.execute(
                    f"UPDATE {table} SET {champ.name} = {self._autre_valeur(champ)} WHERE {cle} = %s", (decompte.id,))
                self.env.invalidate_all(flush=False)
                intact = decompte.verifier()[decompte.numero]
                point.rollback()
        except (psycopg2.errors.CheckViolation, psycopg2.errors.NotNullViolation):
            return  # une contrainte de la base le refusait déjà (sans autre document à y mettre : la colonne vide)
        self.env.invalidate_all(flush=False)
        self.assertFalse(intact)

    def test_somme_des_lignes_exigee(self):
        """Un décompte dont les lignes ne font pas le total n'est jamais émis."""
        facture = self.en_controle()
        lignes = type(self.env["cnas.decompte.ligne"])
        vrai = lignes._copier_feuilles

        def oublie_une_ligne(modele, decomptes):
            vrai(modele, decomptes)
            modele.env.cr.execute("ALTER TABLE cnas_decompte_ligne DISABLE TRIGGER USER")
            modele.env.cr.execute("DELETE FROM cnas_decompte_ligne WHERE decompte_id = ANY(%s) AND rang = 1",
                                  (decomptes.ids,))
            modele.env.cr.execute("ALTER TABLE cnas_decompte_ligne ENABLE TRIGGER USER")

        with patch.object(lignes, "_copier_feuilles", oublie_une_ligne), self.assertRaises(UserError) as refus:
            facture.with_user(self.superviseur).action_valider()
        self.assertIn("ne font pas le total", str(refus.exception))
        facture.with_user(self.superviseur).action_valider()
        self.assertEqual(facture.state, "validee")

    def test_somme_des_lignes_de_chaque_feuille_exigee(self):
        """Une feuille dont les lignes ne font pas le total retient la validation de sa facture ; la base tient déjà l'équilibre."""
        facture = self.en_controle()
        feuille = facture.feuille_ids[0]
        for table, cle, plus, moins in (("cnas_feuille_soin_ligne", feuille.ligne_ids[0].id, "montant_cnas", "ticket_moderateur"),
                                        ("cnas_feuille_soin", feuille.id, "montant_cnas", "ticket_moderateur")):
            with self.subTest(table=table):
                self._deplacer(table, cle, plus, moins)
                with self.assertRaisesRegex(UserError, "ne tombent pas juste"):
                    facture.with_user(self.superviseur).action_valider()
                self._deplacer(table, cle, moins, plus)
        facture.with_user(self.superviseur).action_valider()
        self.assertEqual(facture.state, "validee")

    def _deplacer(self, table, cle, plus, moins):
        """Un franc passe d'une colonne à l'autre, au SQL."""
        self.env.flush_all()
        self.env.cr.execute(f"UPDATE {table} SET {plus} = {plus} + 1, {moins} = {moins} - 1 WHERE id = %s", [cle])
        self.env.invalidate_all()


@tagged("post_install", "-at_install", "cnas")
class TestCompte(CommunFacture):
    """Médicaments et consommables vont au compte pharmacie, actes et examens au compte principal."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.consommable = cls.env["cnas.consommable"].create(
            {"code": "T-CON-1", "name": "Compresse d'essai", "type_prestation": "consommable"})
        cls.env["cnas.config_consommable"].create(
            {"consommable_id": cls.consommable.id, "montant": 300, "date_debut": "2020-01-01"})

    def test_meme_compte_de_la_facture_au_virement(self):
        self.feuille(lignes=[
            {"prestation": "T-ACT-1", "quantite": 1, "prix_unitaire": 1500},
            {"prestation": "T-MED-1", "quantite": 5, "prix_unitaire": 200},
            {"prestation": "T-CON-1", "quantite": 2, "prix_unitaire": 300}])
        facture = self.ordonnancee(feuilles=self.feuilles)
        par_compte = {}
        for ligne in facture.decompte_id.ligne_ids:
            attendu = "principal" if ligne.prestation_code == "T-ACT-1" else "pharmacie"
            self.assertEqual(ligne.compte, attendu, ligne.prestation_code)
            par_compte[attendu] = par_compte.get(attendu, 0) + ligne.montant_cnas
        self.assertTrue(all(par_compte.values()))
        self.assertEqual((facture.montant_soins, facture.montant_pharmacie),
                         (par_compte["principal"], par_compte["pharmacie"]))
        regime = facture._montants_par_regime()[facture.id][0]
        self.assertEqual(regime[-2:], (par_compte["principal"], par_compte["pharmacie"]))
        self.assertEqual({o.compte: o.montant for o in facture.ordre_ids}, par_compte)
        ribs = {o.compte: o.rib for o in facture.ordre_ids}
        self.assertEqual(ribs["pharmacie"], self.formation.compte_pharmacie_id.acc_number)

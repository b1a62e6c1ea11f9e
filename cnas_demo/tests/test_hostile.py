from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.tests.common import TransactionCase

from .commun import ROLES, exemple, forger, modeles, sans_contraintes

REFUS = (AccessError, UserError, ValidationError, ValueError, TypeError)


@tagged("post_install", "-at_install", "cnas", "matrice")
class TestHostile(TransactionCase):
    """Aucun rôle n'écrit un champ gardé, par aucune porte : valeurs, contexte, commandes imbriquées, `load`, `web_save`, `copy`."""

    jour_fige = None  # le jeu d'essai est daté d'aujourd'hui

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.usagers = [cls.env["res.users"].search([("login", "=", role)]) for role in ROLES]
        cls.gardes = {}
        for modele in modeles(cls.env, "cnas.garde.mixin"):
            enregistrement = exemple(cls.env, modele)
            if enregistrement:
                cls.gardes[modele] = (enregistrement, cls._valeurs_forgees(enregistrement))

    @staticmethod
    def _valeurs_forgees(enregistrement):
        forgees = {nom: forger(enregistrement, nom) for nom in sorted(enregistrement._champs_gardes)
                   if nom in enregistrement._fields and enregistrement._fields[nom].store}
        return {nom: valeur for nom, valeur in forgees.items() if valeur is not None}

    # ------------------------------------------------------------------ outils
    def tenter(self, attaque):
        """Exécute une attaque dans un point de reprise ; rend ce qu'elle a rendu, ou None si elle est refusée."""
        with mute_logger("odoo.sql_db", "odoo.models", "odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule"):
            try:
                with self.env.cr.savepoint():
                    resultat = attaque()
                    self.env.flush_all()
                    return resultat
            except REFUS:
                return None
            except Exception as erreur:
                if getattr(erreur, "pgcode", None):
                    return None
                raise

    def tenter_sans_effet(self, attaque, enregistrement, avant):
        """Refuse qu'une attaque qui passe ait fait bouger un champ gardé ; refusée, son point de reprise a tout défait."""
        if self.tenter(lambda: (attaque(),)):
            self.assertEqual(self.en_base(enregistrement, avant), avant)

    def en_base(self, enregistrement, champs):
        """Lit des champs dans la table, sans passer par l'ORM."""
        self.env.flush_all()
        colonnes = ", ".join(f'"{champ}"' for champ in champs)
        self.env.cr.execute(f'SELECT {colonnes} FROM "{enregistrement._table}" WHERE id = %s', [enregistrement.id])
        return dict(zip(champs, self.env.cr.fetchone()))

    def chaque_garde(self):
        """Rend (usager, modèle, enregistrement, champ, valeur forgée) de toute la suite."""
        for modele, (enregistrement, forgees) in self.gardes.items():
            for usager in self.usagers:
                for champ, valeur in forgees.items():
                    yield usager, modele, enregistrement, champ, valeur

    # ------------------------------------------------------------------ portes
    def test_ecrire(self):
        essais = 0
        for usager, modele, enregistrement, champ, valeur in self.chaque_garde():
            avant = self.en_base(enregistrement, [champ])
            vu = self.env[modele].with_user(usager).browse(enregistrement.id)
            force = vu.with_context(install_mode=True, tracking_disable=True, cnas_verrou=True, noupdate=True)
            for porte in (lambda v=vu, c=champ, x=valeur: v.write({c: x}),
                          lambda v=force, c=champ, x=valeur: v.write({c: x}),
                          lambda v=force, c=champ, x=valeur: v.web_save({c: x}, {}),
                          lambda v=force, c=champ, x=valeur: v.load([".id", c], [[str(v.id), str(x)]])):
                with self.subTest(modele=modele, champ=champ, role=usager.login):
                    self.tenter_sans_effet(porte, enregistrement, avant)
                essais += 1
        self.assertGreater(essais, 5000)

    def test_creer_par_les_valeurs_ou_le_contexte(self):
        for modele, (enregistrement, forgees) in self.gardes.items():
            sans_contraintes(self.env.cr, enregistrement._table)
            permises = {c: v for c, v in enregistrement.sudo().copy_data()[0].items() if c not in forgees} \
                if self._se_copie(enregistrement) else {}
            for usager in self.usagers:
                Modele = self.env[modele].with_user(usager)
                if not Modele.check_access_rights("create", False):
                    continue
                for champ, valeur in forgees.items():
                    for porte in (
                        lambda m=Modele, c=champ, x=valeur, p=permises: m.create({**p, c: x}),
                        lambda m=Modele, c=champ, x=valeur, p=permises: m.with_context(**{f"default_{c}": x}).create(dict(p)),
                    ):
                        with self.subTest(modele=modele, champ=champ, role=usager.login):
                            cree = self.tenter(porte)
                            if cree and cree.sudo().exists():
                                self.assertNotEqual(str(self.en_base(cree, [champ])[champ]), str(valeur))

    @staticmethod
    def _se_copie(enregistrement):
        try:
            enregistrement.sudo().copy_data()
        except REFUS:
            return False
        return True

    def test_copier(self):
        for usager, modele, enregistrement, champ, valeur in self.chaque_garde():
            vu = self.env[modele].with_user(usager).browse(enregistrement.id)
            with self.subTest(modele=modele, champ=champ, role=usager.login):
                copie = self.tenter(lambda v=vu, c=champ, x=valeur: v.copy({c: x}))
                if copie and copie.sudo().exists():
                    self.assertNotEqual(str(self.en_base(copie, [champ])[champ]), str(valeur))

    def test_commandes_imbriquees(self):
        """Un parent n'écrit un enfant que par les gardes de l'enfant, à la création comme à l'écriture."""
        essais = 0
        for parent, lien, modele in self._liens():
            enregistrement, forgees = self.gardes[modele]
            racine = exemple(self.env, parent)
            if not racine:
                continue
            for usager in self.usagers:
                for champ, valeur in forgees.items():
                    avant = self.en_base(enregistrement, [champ])
                    commandes = [Command.link(enregistrement.id), Command.update(enregistrement.id, {champ: valeur})]
                    vu = self.env[parent].with_user(usager).browse(racine.id)
                    valeurs = {c: v for c, v in self._donnees(racine).items() if c != lien}
                    for porte in (
                        lambda v=vu, ligne=lien, c=commandes: v.write({ligne: c}),
                        lambda v=vu, ligne=lien, c=commandes, d=valeurs: v.browse().create({**d, ligne: c}),
                    ):
                        with self.subTest(parent=parent, lien=lien, modele=modele, champ=champ, role=usager.login):
                            self.tenter_sans_effet(porte, enregistrement, avant)
                        essais += 1
        self.assertGreater(essais, 2000)

    def _donnees(self, racine):
        return racine.sudo().copy_data()[0] if self._se_copie(racine) else {}

    def _liens(self):
        """Rend (modèle parent, champ x2many, modèle enfant gardé) de toute la suite."""
        for parent in modeles(self.env, "cnas.garde.mixin"):
            for nom, champ in self.env[parent]._fields.items():
                if champ.type in ("one2many", "many2many") and champ.comodel_name in self.gardes and not champ.compute:
                    yield parent, nom, champ.comodel_name

    # ------------------------------------------------------------------ l'espèce entière
    def test_tout_modele_est_garde(self):
        """Un modèle durable ajouté sans la garde rougit ici ; la garde passe avant le suivi de la messagerie."""
        for nom, classe in sorted(self.env.registry.items()):
            if not nom.startswith("cnas.") or classe._abstract or classe._transient or not classe._auto:
                continue
            lignee = [getattr(parent, "_name", None) for parent in classe.mro()]
            with self.subTest(modele=nom):
                self.assertIn("cnas.garde.mixin", lignee)
                if "mail.thread" in lignee:
                    self.assertLess(lignee.index("cnas.garde.mixin"), lignee.index("mail.thread"))

"""Personne n'entre, rien ne s'efface, tout se prouve : chaque attaque, par son espèce, sur tous les modèles et tous les rôles."""
import base64
import io
import json
from unittest.mock import patch

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from odoo import fields
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.fields import Command
from odoo.http import Stream
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.tests.common import HttpCase, TransactionCase, pdf

ROLES = ("agent", "controleur", "medecin", "superviseur", "finance", "administrateur", "formation")
REFUS = (AccessError, UserError, MissingError)


class Confiance:
    """Les usagers de la démonstration, un employé sans rôle, et `admin`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.usagers = {role: cls.env["res.users"].search([("login", "=", role)]) for role in ROLES}
        cls.sans_role = new_test_user(cls.env, "sans_role_confiance", groups="base.group_user")
        cls.journal = cls.env["cnas.journal"]

    def modeles(self, **selon):
        return [nom for nom, modele in sorted(self.env.registry.items()) if nom.startswith("cnas.") and not modele._abstract
                and all(getattr(modele, cle, None) == valeur for cle, valeur in selon.items())]

    def refuse(self, porte, quoi):
        with self.subTest(quoi), mute_logger("odoo.models", "odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule"):
            try:
                with self.env.cr.savepoint():
                    porte()
            except REFUS:
                return
            self.fail(f"accepté : {quoi}")

    def dater(self, code, valeur):
        parametres = self.env["cnas.parametre"]
        parametres._dater(code, valeur, fields.Date.context_today(parametres))

    def verser(self):
        """Les lignes en attente de la validation."""
        self.env.cr.precommit.data.get("cnas_journal_une_fois") and self.journal._verser()

    def lignes(self, evenement, **egalites):
        self.verser()
        return self.journal.search([("evenement", "=", evenement), *[(c, "=", v) for c, v in egalites.items()]])


@tagged("post_install", "-at_install", "cnas")
class TestMessages(Confiance, TransactionCase):
    """Un message d'un dossier ne se modifie ni ne s'efface, et son auteur est l'appelant."""

    def _fils(self):
        for nom in self.modeles():
            modele = self.env[nom]
            if hasattr(modele, "message_post") and not modele._transient:
                dossier = modele.with_context(active_test=False).search([], limit=1)
                if dossier:
                    yield nom, dossier, dossier.message_post(body="la trace", message_type="comment")

    def test_rien_ne_se_reecrit(self):
        fils = list(self._fils())
        self.assertGreater(len(fils), 15)
        usagers = {**self.usagers, "admin": self.env.ref("base.user_admin"), "sans_role": self.sans_role}
        for nom, dossier, message in fils:
            for role, usager in usagers.items():
                for su in (False, True):
                    attaque = message.with_user(usager).sudo(su)
                    for vals in ({"body": "RIEN"}, {"author_id": usager.partner_id.id}, {"date": "2020-01-01 00:00:00"},
                                 {"model": "res.partner", "res_id": 1}, {"attachment_ids": [Command.clear()]}):
                        self.refuse(lambda a=attaque, v=vals: a.write(v), (nom, role, su, vals))
                    self.refuse(attaque.unlink, (nom, role, su, "unlink"))
                self.refuse(lambda d=dossier, u=usager, m=message: d.with_user(u)._message_update_content(m.sudo(), "RIEN"),
                            (nom, role, "update_content"))
            self.assertIn("la trace", message.body)

    def test_valeurs_suivies_et_avis(self):
        facture = self.env["cnas.facture"].search([], limit=1)
        message = facture.message_post(body="x", partner_ids=self.usagers["agent"].partner_id.ids)
        avis = self.env["mail.notification"].search([("mail_message_id", "=", message.id)])
        suivi = self.env["mail.tracking.value"].search([("mail_message_id.model", "=like", "cnas.%")], limit=1)
        for usager in (self.env.ref("base.user_admin"), self.usagers["finance"], self.usagers["formation"]):
            self.refuse(lambda a=avis, u=usager: a.with_user(u).unlink(), "avis")
            self.refuse(lambda a=avis, u=usager: a.with_user(u).write({"notification_status": "exception"}), "avis")
            if suivi:
                self.refuse(lambda s=suivi, u=usager: s.with_user(u).write({"new_value_char": "faux"}), "suivi")
                self.refuse(lambda s=suivi, u=usager: s.with_user(u).unlink(), "suivi")

    def test_l_auteur_est_l_appelant(self):
        superviseur = self.usagers["superviseur"].partner_id
        forge = {"author_id": superviseur.id, "email_from": superviseur.email_formatted or "s@x.td", "date": "2020-01-01 00:00:00",
                 "message_type": "email"}
        for nom, dossier, _message in self._fils():
            for role in ROLES:
                usager = self.usagers[role]
                for porte in ("message_post", "create", "contexte", "notify"):
                    message = self._poster(porte, dossier.with_user(usager), forge)
                    if message:
                        with self.subTest((nom, role, porte)):
                            message = message.sudo()
                            self.assertEqual(message.author_id, usager.partner_id)
                            self.assertNotEqual(message.message_type, "email")
                            self.assertNotEqual(message.date.year, 2020)
                            self.assertNotIn("superviseur", (message.email_from or "").lower() if role != "superviseur" else "")

    def test_un_courriel_de_masse_signe_de_l_appelant(self):
        """L'assistant d'envoi crée ses courriels sous les droits du programme : l'auteur reste l'appelant."""
        agent, superviseur = self.usagers["agent"], self.usagers["superviseur"].partner_id
        facture = self.env["cnas.facture"].with_user(agent).search([], limit=1)
        for type_message in ("email_outgoing", "email", "comment"):
            message = self.env["mail.message"].with_user(agent).sudo().create({
                "model": facture._name, "res_id": facture.id, "body": "x", "message_type": type_message,
                "author_id": superviseur.id, "date": "2020-01-01 00:00:00"})
            self.assertEqual(message.author_id, agent.partner_id)
            self.assertNotEqual(message.date.year, 2020)

    def _poster(self, porte, dossier, forge):
        messages = dossier.env["mail.message"]
        valeurs = {"body": "bon pour validation", **forge}
        try:
            with self.env.cr.savepoint(), mute_logger("odoo.models", "odoo.addons.base.models.ir_model"):
                dossier.check_access_rule("read")
                if porte == "message_post":
                    return dossier.message_post(**valeurs, subtype_xmlid="mail.mt_note")
                if porte == "notify":
                    return dossier.message_notify(body="x", author_id=forge["author_id"], partner_ids=dossier.env.user.partner_id.ids)
                if porte == "contexte":
                    return messages.with_context(default_model=dossier._name, default_author_id=forge["author_id"]).create(
                        {"body": "x", "model": dossier._name, "res_id": dossier.id})
                return messages.create({**valeurs, "model": dossier._name, "res_id": dossier.id})
        except REFUS:
            return messages

    def test_un_courriel_n_entre_que_par_la_passerelle(self):
        for role in ROLES:
            fil = self.env["cnas.facture"].with_user(self.usagers[role])
            for porte in ("message_process", "message_new", "message_update", "message_route"):
                self.refuse(lambda f=fil, p=porte: getattr(f, p)("cnas.facture", "From: superviseur@cnas.td\n\nOK"), (role, porte))

    def test_la_suppression_permise_emporte_ses_messages(self):
        lot = self.env["cnas.lot_numerisation"].with_user(self.usagers["agent"]).create({"name": "à jeter"})
        message = lot.message_post(body="x")
        lot.unlink()
        self.assertFalse(message.exists())

    def test_un_courriel_de_dossier_part(self):
        """Ce que la messagerie note en envoyant n'est pas une réécriture."""
        agent = self.usagers["agent"]
        facture = self.env["cnas.facture"].search([], limit=1).with_user(agent)
        destinataire = self.env["res.partner"].create({"name": "Dest", "email": "dest@example.com"})
        message = facture.message_post(body="x", partner_ids=destinataire.ids, subtype_xmlid="mail.mt_comment", message_type="comment")
        courriel = self.env["mail.mail"].with_user(agent).sudo().create({
            "mail_message_id": message.id, "email_to": "dest@example.com", "is_notification": True})
        courriel.write({"state": "sent", "message_id": "<parti@cnas>", "failure_reason": False})
        self.refuse(lambda: message.write({"message_id": "<forge@cnas>"}), "message_id")

    def test_odoobot_fait_le_menage(self):
        facture = self.env["cnas.facture"].search([], limit=1)
        message = facture.with_user(self.usagers["agent"]).message_post(body="x")
        self.assertTrue(self.env["mail.message"].browse(message.id).unlink())


@tagged("post_install", "-at_install", "cnas")
class TestAssistants(Confiance, TransactionCase):
    """La ligne d'un assistant n'est qu'à son auteur."""

    def test_tous(self):
        assistants = self.modeles(_transient=True)
        self.assertGreater(len(assistants), 15)
        for nom in assistants:
            auteur = self.usagers["superviseur"]
            domaine = self.env["ir.rule"].with_user(auteur)._compute_domain(nom, "read")
            self.assertIn(("create_uid", "=", auteur.id), domaine, nom)

    def test_le_motif_d_autrui(self):
        assistant = self.env["cnas.motif.wizard"].with_user(self.usagers["superviseur"]).create(
            {"modele": "cnas.facture", "ids_texte": "1", "action": "rejeter", "motif": "x"})
        for usager in (self.usagers["administrateur"], self.usagers["finance"], self.sans_role):
            sien = assistant.with_user(usager)
            for porte in (lambda a=sien: a.read(["motif"]), lambda a=sien: a.write({"motif": "x"}), sien.unlink):
                self.refuse(porte, usager.login)
        self.assertFalse(self.env["cnas.motif.wizard"].with_user(self.usagers["administrateur"]).search([("id", "=", assistant.id)]))


@tagged("post_install", "-at_install", "cnas")
class TestFichiers(Confiance, TransactionCase):
    """Un fichier suit la règle de sa pièce, par toutes les portes."""

    def _fichiers(self):
        for nom in self.modeles():
            if self.env[nom]._fichiers_comme if hasattr(self.env[nom], "_fichiers_comme") else False:
                dossier = self.env[nom].search([], limit=1)
                if dossier:
                    yield nom, dossier, self.env["ir.attachment"].create({
                        "name": "ordonnance.pdf", "raw": pdf("secret"), "res_model": nom, "res_id": dossier.id})

    def test_la_finance_n_en_lit_aucun(self):
        finance = self.usagers["finance"]
        fichiers = list(self._fichiers())
        self.assertIn("cnas.feuille_soin", [nom for nom, _d, _f in fichiers])
        for usager in (finance, self.sans_role, self.usagers["formation"]):
            for nom, _dossier, fichier in fichiers:
                sien = fichier.with_user(usager)
                if usager != self.usagers["formation"]:
                    self.assertFalse(sien.search([("res_model", "=", nom)]), nom)
                for porte in (lambda f=sien: f.read(["datas"]), lambda f=sien: f.check("read"), lambda f=sien: f.read(["name"]),
                              lambda f=sien: f.copy({"res_model": False, "res_id": False}),
                              lambda f=sien: f.env["ir.binary"]._get_stream_from(f)):
                    self.env.invalidate_all()
                    self.refuse(porte, (usager.login, nom))
        feuille = self.env["cnas.feuille_soin"].search([], limit=1)
        piece = self.env["ir.attachment"].create({"name": "secret.pdf", "raw": pdf(), "res_model": feuille._name, "res_id": feuille.id})
        message = feuille.message_post(body="voir", attachment_ids=piece.ids)
        self.refuse(lambda: message.with_user(finance).message_format(), "le fil d'une feuille")
        self.assertIn("secret.pdf", json.dumps(message.with_user(self.usagers["agent"]).message_format(), default=str))

    def test_un_fichier_joint_ne_change_plus(self):
        """Ni le contenu, ni le dossier, ni le champ : sur tous les modèles à fichier, pour tous les rôles."""
        usagers = {**self.usagers, "admin": self.env.ref("base.user_admin"), "sans_role": self.sans_role}
        champs = [(nom, champ) for nom in self.modeles(_transient=False) for champ, defini in self.env[nom]._fields.items()
                  if defini.type == "binary" and defini.store and defini.attachment]
        self.assertGreater(len(champs), 5)
        for nom, champ in champs:
            dossier = self.env[nom].search([], limit=1)
            if not dossier:
                continue
            garde = self.env["ir.attachment"].create({
                "name": champ, "raw": pdf("vrai"), "res_model": nom, "res_id": dossier.id, "res_field": champ})
            joint = self.env["ir.attachment"].create({"name": "j", "raw": pdf("vrai"), "res_model": nom, "res_id": dossier.id})
            for role, usager in usagers.items():
                for fichier in (garde.with_user(usager), joint.with_user(usager)):
                    for vals in ({"raw": b"faux"}, {"datas": base64.b64encode(b"faux")}, {"name": "autre"}, {"public": True},
                                 {"res_id": 0}, {"res_model": "res.partner"}, {"res_field": False}, {"type": "url", "url": "http://x"}):
                        self.refuse(lambda f=fichier, v=vals: f.write(v), (nom, champ, role, vals))
                    self.refuse(fichier.unlink, (nom, champ, role, "unlink"))
                faux = {"name": champ, "raw": b"faux", "res_model": nom, "res_id": dossier.id}
                fichiers = self.env["ir.attachment"].with_user(usager)
                self.refuse(lambda f=fichiers, v=faux, c=champ: f.create({**v, "res_field": c}), (nom, champ, role, "create"))
                for su in (False, True):
                    try:
                        with self.env.cr.savepoint(), mute_logger("odoo.models"):
                            cree = fichiers.sudo(su).with_context(default_res_field=champ, default_public=True).create(faux)
                    except REFUS:
                        continue
                    self.assertFalse(cree.sudo().res_field or cree.sudo().public, (nom, champ, role, su))
            self.assertEqual((garde.raw, joint.raw), (pdf("vrai"),) * 2)

    def test_son_auteur_retire_ce_qui_n_a_pas_ete_dit(self):
        agent = self.usagers["agent"]
        feuille = self.env["cnas.feuille_soin"].with_user(agent).search([("state", "=", "brouillon")], limit=1)
        sien = self.env["ir.attachment"].with_user(agent).create({
            "name": "erreur.pdf", "raw": pdf(), "res_model": feuille._name, "res_id": feuille.id})
        sien.unlink()
        ligne = self.lignes("retrait_fichier", modele=feuille._name, res_id=feuille.id)
        self.assertEqual(ligne.avant, {"nom": "erreur.pdf"})

    def test_une_image_collee_n_a_pas_de_jeton(self):
        feuille = self.env["cnas.feuille_soin"].with_user(self.usagers["agent"]).search([], limit=1)
        image = base64.b64encode(b"GIF89a").decode()
        message = self.env["mail.message"].with_user(self.usagers["agent"]).create({
            "model": feuille._name, "res_id": feuille.id, "body": f'<img src="data:image/png;base64,{image}" alt="x">'})
        self.assertIn("/web/image/", message.body)
        self.assertNotIn("access_token", message.body)

    def test_les_roles_du_dossier_lisent(self):
        feuille = self.env["cnas.feuille_soin"].search([], limit=1)
        fichier = self.env["ir.attachment"].create({"name": "f", "raw": b"x", "res_model": feuille._name, "res_id": feuille.id})
        for role in ("agent", "controleur", "medecin", "superviseur", "administrateur"):
            self.assertTrue(fichier.with_user(self.usagers[role]).search([("id", "=", fichier.id)]), role)

    def test_un_lot_s_ouvre_a_tout_agent(self):
        agent, autre = self.usagers["agent"], new_test_user(self.env, "autre_agent_lot", groups="cnas_base.group_agent")
        depose = self.env["ir.attachment"].with_user(agent).create({
            "name": "a.pdf", "raw": pdf(), "res_model": "cnas.lot_numerisation", "res_id": 0})
        self.env.invalidate_all()
        self.refuse(lambda: depose.with_user(autre).read(["name"]), "avant le lot")
        lot = self.env["cnas.lot_numerisation"].with_user(agent).create({"fichier_ids": [Command.set(depose.ids)]})
        self.assertEqual(lot.with_user(autre).fichier_ids.read(["name"])[0]["name"], "a.pdf")
        self.env.invalidate_all()
        etranger = self.env["ir.attachment"].create({"name": "secret", "raw": b"x"})
        self.refuse(lambda: lot.write({"fichier_ids": [Command.link(etranger.id)]}) and lot.env.invalidate_all()
                    or lot.fichier_ids.read(["datas"]), "fichier d'autrui")


@tagged("post_install", "-at_install", "cnas")
class TestQuiLit(Confiance, TransactionCase):
    """Un employé sans rôle ne lit rien ; la finance, rien de médical ; le portail, rien d'autrui."""

    def test_sans_role_rien(self):
        for nom in self.modeles():
            self.assertFalse(self.env[nom].with_user(self.sans_role).check_access_rights("read", raise_exception=False), nom)

    def test_la_finance_paie_sans_lire_les_soins(self):
        finance = self.usagers["finance"]
        interdits = (("cnas.feuille_soin", "nature"), ("cnas.feuille_soin", "calcul_explique"), ("cnas.feuille_soin", "anomalie_ids"),
                     ("cnas.feuille_soin", "cause"), ("cnas.feuille_soin", "motif_decision"), ("cnas.feuille_soin.passage", "motif"),
                     ("cnas.feuille_soin.ligne", "prestation_id"), ("cnas.feuille_soin.ligne", "explication"),
                     ("cnas.decompte.ligne", "prestation_libelle"), ("cnas.decompte.ligne", "prestation_code"),
                     ("cnas.decompte.ligne", "motifs"), ("cnas.contestation", "motifs_ligne"))
        for nom, champ in interdits:
            modele = self.env[nom].with_user(finance)
            self.assertNotIn(champ, modele.fields_get([champ]), nom)
            self.refuse(lambda m=modele, c=champ: m.search([], limit=1).read([c]), (nom, champ))
            if modele._fields[champ].store and modele._fields[champ].type != "one2many":
                self.refuse(lambda m=modele, c=champ: m.read_group([], ["id"], [c]), (nom, champ, "groupe"))
        for nom in ("cnas.feuille_soin", "cnas.feuille_soin.ligne", "cnas.decompte.ligne", "cnas.contestation"):
            self.env[nom].with_user(finance).search_read([], limit=2)
        decompte = self.env["cnas.decompte"].search([("ligne_ids", "!=", False)], limit=1)
        libelle = decompte.ligne_ids[0].prestation_libelle
        csv = {u: base64.b64decode(decompte.with_user(u).telecharger("csv")["contenu"]).decode("utf-8-sig")
               for u in (finance, self.usagers["agent"])}
        self.assertNotIn(libelle, csv[finance])
        self.assertIn(libelle, csv[self.usagers["agent"]])

    def test_la_finance_ne_lit_pas_le_fil_d_un_dossier(self):
        feuille = self.env["cnas.feuille_soin"].search([("state", "=", "validee")], limit=1)
        message = feuille.with_user(self.usagers["controleur"]).message_post(body="grossesse à risque")
        filtre = [("model", "=", "cnas.feuille_soin"), ("res_id", "=", feuille.id)]
        for login, lit in (("superviseur", True), ("medecin", True), ("finance", False)):
            messages = self.env["mail.message"].with_user(self.usagers[login])
            self.assertEqual(message in messages.search(filtre), lit, login)
        self.refuse(lambda: message.with_user(self.usagers["finance"]).read(["body"]), "fil")
        self.assertEqual(self.env["mail.message"].with_user(self.usagers["finance"]).search_count(filtre), 0)

    def test_le_portail(self):
        formation = self.usagers["formation"]
        self.assertFalse(self.env["mail.notification"].with_user(formation).search([]))
        self.assertNotIn("deja_vue_id", self.env["cnas.feuille_soin.piece"].with_user(formation).fields_get())
        facture = self.env["cnas.facture"].with_user(formation).search([("state", "not in", ("brouillon", "annulee"))], limit=1)
        with patch.object(type(facture), "_pairs_minimum", lambda self: 1000):
            self.env.invalidate_all()
            self.assertEqual(facture.cout_moyen_pairs, 0)
        self.assertEqual(facture._pairs_minimum(), 5)
        self.assertEqual(facture.with_user(self.usagers["finance"])._pairs_minimum(), 1)


@tagged("post_install", "-at_install", "cnas")
class TestAgences(Confiance, TransactionCase):
    """La cloison des agences, livrée ouverte, se ferme par un paramètre."""

    def _fermer(self, sans_agence="tout"):
        for code, valeur in (("cloison_agences", "oui"), ("cloison_sans_agence", sans_agence)):
            self.dater(code, valeur)

    def test_cloison(self):
        abeche, ailleurs = self.env.ref("cnas_base.agence_abeche"), self.env.ref("cnas_base.agence_bongor")
        roles = {r: new_test_user(self.env, f"cloison_{r}", groups=f"cnas_base.group_{r}", agence_ids=[Command.set(abeche.ids)])
                 for r in ("agent", "controleur", "superviseur")}
        siege = new_test_user(self.env, "cloison_siege", groups="cnas_base.group_agent",
                              agence_ids=[Command.set(self.env["cnas.agence"].search([("siege", "=", True)], limit=1).ids)])
        sans = new_test_user(self.env, "cloison_sans", groups="cnas_base.group_agent")
        feuille = self.env["cnas.feuille_soin"].search([("agence_id", "=", ailleurs.id), ("bordereau_id", "=", False)], limit=1)
        self.assertTrue(feuille)
        for usager in roles.values():
            self.assertTrue(feuille.with_user(usager).search([("id", "=", feuille.id)]))
        self._fermer()
        for role, usager in roles.items():
            self.env.invalidate_all()
            for nom in self.modeles():
                modele = self.env[nom]
                if getattr(modele, "_cloison_agence", ()) and modele.with_user(usager).check_access_rights("read", False):
                    modele.with_user(usager).search([], limit=1)  # chaque chemin déclaré existe
            self.assertFalse(feuille.with_user(usager).search([("id", "=", feuille.id)]), role)
            self.refuse(lambda u=usager: feuille.with_user(u).read(["numero"]), role)
            self.refuse(lambda u=usager: feuille.ligne_ids.with_user(u).read(["quantite"]), role)
            self.assertTrue(self.env["cnas.feuille_soin"].with_user(usager).search([("agence_id", "=", abeche.id)], limit=1), role)
        feuille._ecrire({"controleur_id": roles["controleur"].id})
        self.assertTrue(feuille.with_user(roles["controleur"]).search([("id", "=", feuille.id)]), "affectée")
        constat = self.env["cnas.anomalie"]._creer([{
            "feuille_id": feuille.id, "regle_id": self.env["cnas.regle_controle"].search([], limit=1).id, "severite": "signalement",
            "message": "Essai"}])
        self.assertFalse(constat.with_user(roles["agent"]).search([("id", "=", constat.id)]))
        feuille._ecrire({"saisie_par_id": roles["agent"].id})
        for fiche in (feuille, constat):
            self.assertTrue(fiche.with_user(roles["agent"]).search([("id", "=", fiche.id)]), "saisie par lui")
        for usager in (siege, sans, self.usagers["administrateur"], self.usagers["finance"], self.usagers["medecin"]):
            self.assertTrue(feuille.with_user(usager).search([("id", "=", feuille.id)]), usager.login)
        self._fermer(sans_agence="rien")
        self.assertFalse(feuille.with_user(sans).search([("id", "=", feuille.id)]))


@tagged("post_install", "-at_install", "cnas")
class TestTraces(Confiance, TransactionCase):
    """Comptes, exports, lectures d'un dossier médical, vérifications de droits : une ligne, et pas de requête de trop."""

    def setUp(self):
        super().setUp()
        # L'essai précédent s'annule sans que la transaction finisse : ce qu'il attendait d'inscrire aussi.
        self.env.cr.precommit.data.pop("cnas_journal_une_fois", None)

    def test_comptes_sans_mot_de_passe(self):
        usager = new_test_user(self.env, "compte_trace", password="tres-secret-7", groups="cnas_base.group_agent")
        usager.groups_id = [Command.link(self.env.ref("cnas_base.group_finance").id)]
        usager.agence_ids = [Command.set(self.env.ref("cnas_base.agence_bongor").ids)]
        usager.active = False
        usager.password = "encore-plus-9"
        lignes = self.journal.search([("modele", "=", "res.users"), ("res_id", "=", usager.id)])
        self.assertEqual(set(lignes.mapped("evenement")), {"creation", "modification", "mot_de_passe"})
        champs = {champ for ligne in lignes for champ in ligne.apres or {}}
        self.assertTrue({"login", "groups_id", "agence_ids", "active"} <= champs)
        self.assertNotIn("secret", json.dumps(lignes.read(["avant", "apres", "motif"]), default=str))

    def test_membres_d_un_groupe(self):
        groupe = self.env.ref("cnas_base.group_finance")
        groupe.users = [Command.link(self.sans_role.id)]
        ligne = self.lignes("modification", modele="res.groups", res_id=groupe.id)[:1]
        self.assertIn(self.sans_role.id, ligne.apres["membres"])

    def test_exports(self):
        self.usagers["controleur"].groups_id = [Command.link(self.env.ref("base.group_allow_export").id)]
        feuilles = self.env["cnas.feuille_soin"].with_user(self.usagers["controleur"]).search([], limit=3)
        feuilles.export_data(["numero"])
        ligne = self.lignes("export", modele="cnas.feuille_soin", user_id=self.usagers["controleur"].id)
        self.assertEqual((len(ligne), ligne.apres["nombre"]), (1, 3))

    def test_lecture_d_une_fiche_ou_d_une_liste(self):
        controleur = self.usagers["controleur"]
        feuilles = self.env["cnas.feuille_soin"].with_user(controleur).search([], limit=5)
        deja = self.lignes("lecture", user_id=controleur.id)
        feuilles.read(["numero"])
        feuilles[0].read(["numero"])
        self.assertEqual(self.lignes("lecture", user_id=controleur.id), deja)
        feuilles.read(["numero", "pathologie_id"])
        liste = self.lignes("lecture", user_id=controleur.id) - deja
        self.assertEqual((liste.res_id, liste.apres), (0, {"nombre": 5, "ids": feuilles.ids}))
        for porte in (lambda: feuilles[0].read(["pathologie_id"]), lambda: feuilles[1].web_read({"pathologie_id": {}}),
                      lambda: feuilles.search_read([("id", "=", feuilles[2].id)], ["avis_ids"])):
            porte()
        self.assertEqual(sorted((self.lignes("lecture", user_id=controleur.id) - deja - liste).mapped("res_id")), sorted(feuilles[:3].ids))

    def test_fichier_d_une_piece(self):
        piece = self.env["cnas.feuille_soin.piece"].search([], limit=1)
        agent = self.usagers["agent"]
        piece.attachment_id.with_user(agent).read(["datas"])
        piece.with_user(agent).read(["contenu"])
        with patch.object(Stream, "from_attachment", lambda fichier: Stream(type="data", data=b"", mimetype="x/y")):
            self.env["ir.binary"].with_user(agent)._record_to_stream(piece.attachment_id.with_user(agent), "raw")
        self.assertEqual(len(self.lignes("lecture_fichier", user_id=agent.id)), 1, "une ligne par transaction")
        self.assertEqual(self.lignes("lecture", user_id=agent.id).res_id, piece.id)

    def test_verification_tracee_en_trois_requetes(self):
        assure = self.env["cnas.assure"].search([("state", "=", "actif")], limit=1)
        carte = self.env["cnas.carte"].search([("state", "=", "active")], limit=1)
        for texte in filter(None, (assure.matricule, carte.numero)):
            verifier = self.env["cnas.assure"].with_user(self.usagers["agent"])
            verifier.verifier_droits(texte)
            avant = self.env.cr.sql_log_count
            self.assertTrue(verifier.verifier_droits(texte)["trouve"])
            self.assertLessEqual(self.env.cr.sql_log_count - avant, 3)
        ligne = self.lignes("verification_droits", user_id=self.usagers["agent"].id, res_id=assure.id)
        self.assertEqual(ligne.apres["demande"], assure.matricule)

    def test_debit_et_alerte(self):
        formation = self.usagers["formation"]
        # le jour figé précède la démonstration : ce qu'elle a vérifié compte dans la minute
        deja = self.journal.search_count([("evenement", "=", "verification_droits"), ("user_id", "=", formation.id)])
        self.dater("debit_droits_formation", str(deja + 5))
        verifier = self.env["cnas.assure"].with_user(formation)
        matricules = self.env["cnas.assure"].search([], limit=7).mapped("matricule")
        with patch.object(type(self.journal), "_adresse", lambda self: "192.0.2.7"):
            passes = 0
            for matricule in matricules:
                try:
                    verifier.droits_restants(matricule)
                    passes += 1
                except UserError:
                    break
                self.verser()
        self.assertEqual(passes, 5)
        self.env.cr.postrollback.clear()
        self.env.cr.postcommit.clear()
        for _fois in range(2):
            self.journal.with_user(formation)._alerter_debit("verification_droits", "192.0.2.7")
        self.assertEqual(len(self.lignes("debit_depasse", res_id=formation.id)), 2)
        alerte = self.env["mail.activity"].search([("summary", "like", formation.name), ("user_id", "=", self.usagers["superviseur"].id)])
        self.assertEqual(len(alerte), 1, "une alerte par jour")

    def test_une_formation_ne_lit_que_ses_patients(self):
        formation = self.usagers["formation"]
        siens = self.env["cnas.feuille_soin"].search([
            ("formation_id", "in", formation.formation_ids.ids), ("state", "not in", ("brouillon", "annulee"))]).assure_id
        autre = self.env["cnas.feuille_soin"].search([("assure_id", "not in", siens.ids), ("state", "=", "validee")], limit=1).assure_id
        lire = self.env["cnas.assure"].with_user(formation).droits_restants
        self.assertTrue(lire(siens.filtered(lambda a: a.regime_id.code == "ASS")[0].matricule)["plafonds"])
        reponse = lire(autre.matricule)
        self.assertEqual((reponse["trouve"], reponse["plafonds"], reponse["prestations"]), (True, [], []))

    def test_un_lot_tient_en_une_ligne(self):
        avant = self.journal.search_count([])
        regime = self.env["cnas.regime"].search([], limit=1)
        prestations = self.env["cnas.prestation"].search([], limit=150)
        self.env["cnas.panier_soin"].create([
            {"regime_id": regime.id, "prestation_id": p.id, "date_debut": "2090-01-01", "date_fin": "2090-12-31"} for p in prestations])
        self.assertEqual(self.journal.search_count([]) - avant, 1)


@tagged("post_install", "-at_install", "cnas")
class TestPortes(Confiance, HttpCase):
    """Les mêmes refus par les routes HTTP."""

    def test_routes(self):
        feuille = self.env["cnas.feuille_soin"].search([], limit=1)
        mot, image = PngInfo(), io.BytesIO()
        mot.add_text("mot", "secret medical")
        Image.new("L", (40, 40)).save(image, "PNG", pnginfo=mot)
        fichier = self.env["ir.attachment"].create({"name": "secret.png", "raw": image.getvalue(), "res_model": feuille._name,
                                                    "res_id": feuille.id})
        message = feuille.with_user(self.usagers["finance"]).message_post(body="la trace", message_type="comment")
        self.env["res.users"].search([("login", "=", "finance")]).password = "finance"
        self.authenticate("finance", "finance")
        for adresse in (f"/web/content/{fichier.id}", f"/web/image/{fichier.id}", f"/web/content?model=ir.attachment&field=raw&id={fichier.id}"):
            reponse = self.url_open(adresse)
            self.assertNotIn(b"secret medical", reponse.content, adresse)
        with mute_logger("odoo.http"):
            reponse = self.url_open("/mail/message/update_content", data=json.dumps({"params": {
                "message_id": message.id, "body": "RIEN", "attachment_ids": []}}), headers={"Content-Type": "application/json"})
        self.assertIn("error", reponse.json())
        self.assertIn("la trace", message.body)

    def test_page_publique_limitee(self):
        self.dater("debit_verification_publique", "3")
        codes = [self.url_open("/cnas/verifier/inconnu").status_code for _fois in range(5)]
        self.assertEqual(codes[:3], [404] * 3)
        self.assertEqual(codes[-1], 429)

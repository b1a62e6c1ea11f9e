import base64
import copy
import json
import time
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.cnas_assures.cle_signature import base64url, octets_publics
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_echanges import dci
from odoo.addons.cnas_feuilles_soin.tests.commun_feuille import CommunFeuille

# Écrits ici d'après la norme (spdci.org, v1.0.0) : mêmes champs, mêmes emboîtements que ses exemples.
ENTETE = {"version": "1.0.0", "message_id": "0c96", "message_ts": "2026-11-19T12:15:04.555Z", "action": "notify", "sender_id": "etat-civil",
          "receiver_id": "cnas", "total_count": "1", "is_msg_encrypted": False, "meta": ""}


def numero(genre, valeur):
    return {"@id": "Identifier", "@type": "Identifier", "identifier_type": genre, "identifier_value": valeur}


def envoi(*fiches, evenement="", message="notify_event", **entete):
    """Rend un envoi DCI non signé de ces enregistrements."""
    donnees = {"version": "", **({"reg_event_type": evenement} if evenement else {}), "reg_record_type": "CRVS_Person", "reg_records": list(fiches)}
    return {"signature": "", "header": {**ENTETE, **entete}, "message": {"transaction_id": "1", message: [
        {"reference_id": "1", "timestamp": "2026-11-19T12:15:04Z", "data": donnees}]}}


def personne(**autres):
    return {"@context": {"@vocab": "https://schema.spdci.org/common/v1"}, "@id": "CRVS_Person", "@type": "CRVS_Person", "name": {
        "surname": "ABAKAR", "given_name": "Zara", "second_name": "", "maiden_name": ""}, "sex": "female", "phone_number": ["+23566000000"],
        "birth_place": {"geo": {"latitude": 9.56}}, "death_date": "", "marriage_date": [], **autres}


@tagged("post_install", "-at_install", "cnas")
class TestDci(CommunFeuille):
    """Le format DCI : les mêmes actes et les mêmes ménages que le CSV, sous la même décision ; un envoi faux se refuse d'une phrase."""

    def importer(self, contenu, sujet="etat_civil"):
        contenu = contenu if isinstance(contenu, bytes) else json.dumps(contenu).encode()
        recu = self.env["cnas.import_fichier"].with_user(self.agent).create(
            {"sujet": sujet, "nom_fichier": "envoi.json", "fichier": base64.b64encode(contenu)})
        recu.action_controler()
        return recu

    def signer(self, recu, cle, expire=3600):
        recu = copy.deepcopy(recu)
        creee, expire = int(time.time()), int(time.time()) + expire
        signature = base64.b64encode(cle.sign(dci.a_signer(recu, creee, expire).encode())).decode()
        recu["signature"] = (f'Signature: namespace="dci", kidId="etat-civil|1|ed25519", algorithm="ed25519", created="{creee}", '
                             f'expires="{expire}", headers="(created) (expires) digest", signature="{signature}"')
        return recu

    def regler(self, code, valeur):
        self.env["cnas.parametre"].search([("code", "=", code)]).sudo()._ecrire({"valeur": valeur})

    # ------------------------------------------------------------------ état civil
    def test_actes(self):
        """Une naissance et un décès attendent la décision d'un autre, comme du CSV ; reçus deux fois, ils sont déjà là."""
        mere = self.creer_assure("Mère", "1995-01-01")
        mere._ecrire({"genre": "feminin"})
        hier = aujourd_hui() - timedelta(days=1)
        recu = envoi(
            personne(identifier=[numero("BRN", "N-1")], birth_date=f"{hier}T08:00:00", parent1_identifier=numero("MATRICULE", mere.matricule)),
            personne(identifier=[numero("DRN", "D-1"), numero("MATRICULE", self.assure.matricule)], death_date="2026-11-09T23:30:00Z"),
            personne(identifier=[numero("BRN", "N-2")], birth_date="2026-02-31T00:00:00Z"),
            personne(identifier=[numero("BRN", "N-3")], birth_date=f"{aujourd_hui() + timedelta(days=9)}T00:00:00"),
            personne(identifier=[numero("DRN", "D-9"), numero("UIN", "847951632")], death_date="2026-11-09"),
            personne(identifier=[numero("UIN", "847951632")], death_date="9999-12-31T23:59:59-14:00"))
        import_ = self.importer(recu)
        self.assertEqual(import_.ligne_ids.mapped("state"), ["creation"] * 2 + ["refus"] * 4)
        self.assertTrue(base64.b64encode(import_._rapport()))
        import_.action_appliquer()
        naissance, deces = (self.env["cnas.evenement_civil"].search([("numero_acte", "=", acte)]) for acte in ("N-1", "D-1"))
        self.assertEqual((naissance.state, naissance.date_evenement, naissance.genre, naissance.prenom, naissance.assure_id),
                         ("a_decider", hier, "feminin", "Zara", mere))
        # 23 h 30 à Greenwich : le lendemain à N'Djamena
        self.assertEqual((deces.nature, str(deces.date_evenement)), ("deces", "2026-11-10"))
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            deces.with_user(self.agent).action_appliquer()
        deces.with_user(self.agent2).action_appliquer()
        self.assertEqual(str(self.assure.date_deces), "2026-11-10")
        self.assertEqual(self.importer(recu).ligne_ids.mapped("state"), ["connue"] * 2 + ["refus"] * 4)

    def test_nature(self):
        """L'événement dit la nature ; celui qui n'est ni naissance ni décès se refuse, un mort-né aussi."""
        for evenement, etat in (("spdci-common:RegistryEventType:LiveBirth", "creation"), ("REGISTER", "creation"),
                                ("spdci-common:RegistryEventType:FetalDeath", "refus"), ("Marriage", "refus")):
            recu = envoi(personne(identifier=numero("BRN", evenement), birth_date="2026-11-01"), evenement=evenement, message="search_response")
            self.assertEqual(self.importer(recu).ligne_ids.state, etat, evenement)

    def test_signature(self):
        """Émetteur connu : signature juste ou rien ; exigée : aucun inconnu ne passe."""
        cle, autre = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
        recu = envoi(personne(identifier=[numero("BRN", "S-1")], birth_date="2026-11-01", poverty_score=45.2))
        self.assertEqual(self.importer(recu).ligne_ids.state, "creation")
        self.regler("dci_signature_exigee", "oui")
        for refuse in (recu, self.signer(recu, cle)):
            with self.assertRaisesRegex(UserError, "exigée"):
                self.importer(refuse)
        self.regler("dci_cles", f"autre:AAAA etat-civil:{base64url(octets_publics(cle))}")
        juste = self.signer(recu, cle)
        self.assertEqual(self.importer(juste).ligne_ids.state, "creation")
        change = copy.deepcopy(juste)
        change["message"]["notify_event"][0]["data"]["reg_records"][0]["sex"] = "male"
        for faux in (recu, change, self.signer(recu, autre), self.signer(recu, cle, expire=-10), {**juste, "signature": "Signature: x"},
                     {**juste, "signature": juste["signature"].replace("ed25519", "none")},
                     {**juste, "header": {**juste["header"], "meta": "\ud800" * 66_000}}):
            with self.assertRaisesRegex(UserError, "signature"):
                self.importer(faux)
        with self.assertRaisesRegex(UserError, "exigée"):
            self.importer({**juste, "header": {**juste["header"], "sender_id": "un-autre"}})

    def test_hostiles(self):
        """Ni JSON, ni DCI, énorme, profond, chiffré, inconnu : une phrase, rien d'écrit."""
        bon = envoi(personne(identifier=[numero("BRN", "H-1")], birth_date="2026-11-01"))
        avant = self.env["cnas.import_fichier.ligne"].search_count([])

        def avec(chemin, valeur):
            copie = copy.deepcopy(bon)
            cible = copie
            for cle in chemin[:-1]:
                cible = cible[cle]
            cible[chemin[-1]] = valeur
            return copie
        fiche = ("message", "notify_event", 0, "data", "reg_records", 0)
        for faux in (b"", b"[]", b"null", b"{", b"\xff\xfe", "{\"é\": 1}".encode("latin-1"), b"<xml/>", b" " * (10 * 1024 * 1024 + 1),
                     b"{\"a\":" * 3000 + b"1" + b"}" * 3000, b"[" * 100_000, b"{\"header\": {}, \"n\": " + b"9" * 5000 + b"}",
                     {}, {**bon, "intrus": 1}, {**bon, "signature": {}}, avec(("header",), None), avec(("header", "is_msg_encrypted"), True),
                     avec(("header", "intrus"), 1), avec(("message",), []), avec(("message", "notify_event"), {}), avec(("message", "notify_event"), []),
                     avec(("message", "notify_event", 0), "x"), avec(fiche, None), avec((*fiche, "intrus"), 1), avec((*fiche, "name"), 12),
                     avec((*fiche, "name"), {"surname": {}}), avec((*fiche, "identifier"), "x"), avec((*fiche, "identifier"), [1]),
                     avec((*fiche, "identifier", 0, "identifier_value"), ["x"]), avec((*fiche, "birth_date"), {}), avec((*fiche, "birth_date"), True),
                     avec((*fiche, "sex"), 1.5), avec((*fiche, "name", "surname"), "\u0000"), avec((*fiche, "name", "surname"), "a" * 66_000 + "\u0000"),
                     avec((*fiche, "parent1_identifier"), 1)):
            with self.subTest(faux=str(faux)[:200]), self.assertRaises(UserError):
                self.importer(faux)
        self.assertEqual(self.env["cnas.import_fichier.ligne"].search_count([]), avant)
        # une valeur seulement fausse ne refuse que sa ligne
        for faux in (avec((*fiche, "sex"), "xyz"), avec((*fiche, "birth_date"), ""), avec((*fiche, "birth_date"), "hier"), avec((*fiche, "birth_date"), 10**40),
                     avec((*fiche, "identifier"), []), avec((*fiche, "parent1_identifier"), numero("UIN", "' OR 1=1 --"))):
            self.assertEqual(self.importer(faux).ligne_ids.state, "refus", faux)
        # un autre sujet n'a pas de format DCI
        with self.assertRaises(UserError):
            self.importer(bon, "feuilles")

    # ------------------------------------------------------------------ registre social
    def test_menages(self):
        """Un groupe et ses membres : le ménage, son chef d'abord, par l'import d'assurés ; le superviseur importe."""
        chef = {"identifier": [numero("NID", "0205202401")], "name": {"first_name": "Hawa", "second_name": "", "surname": "DEBY"}, "sex": "F",
                "birth_date": "1985-05-20T00:00:00Z"}
        enfant = {"name": [{"surname": "DEBY", "given_name": "Ali"}], "sex": "male", "birth_date": "2015-03-01"}
        recu = envoi({"@type": "Group", "group_identifier": [numero("NID", "M-77")], "place": {"name": "Kamina", "geo": {}}, "group_size": "2",
                      "group_head_info": {"person": chef}, "member_list": [
                          {"household_member": {"demographic_info": {"person": chef}, "relationship_head": "self", "is_disabled": "0"}},
                          {"demographic_info": enfant, "relationship_head": "son"}]}, message="search_response", sender_id="SR")
        lignes = self.controler_menages(json.dumps(recu).encode()).ligne_ids
        self.assertEqual(lignes.mapped("menage"), ["M-77", "M-77"])
        self.assertEqual([(li.donnees["nom"], li.donnees["prenom"], li.donnees["genre"], li.donnees["lien"]) for li in lignes],
                         [("DEBY", "Hawa", "feminin", ""), ("DEBY", "Ali", "masculin", "enfant")])
        self.assertEqual(lignes[0].donnees["nni"], "0205202401")
        for faux in (12, [1], [{"demographic_info": []}], [{"intrus": 1}], [{"relationship_head": {}}]):
            recu["message"]["search_response"][0]["data"]["reg_records"][0]["member_list"] = faux
            with self.subTest(faux=faux), self.assertRaises(UserError):
                self.controler_menages(json.dumps(recu).encode())

    def controler_menages(self, contenu):
        import_ = self.env["cnas.import_assures"].with_user(self.agent).create({
            "name": "Registre", "nom_fichier": "menages.json", "fichier": base64.b64encode(contenu),
            "district_id": self.env["cnas.district"].search([], limit=1).id})
        import_.action_controler()
        return import_

    # ------------------------------------------------------------------ envoyer
    def test_export(self):
        """Nos deux envois sont signés par la clé publiée, et se relisent : le ménage est reconnu."""
        with self.assertRaisesRegex(UserError, "Forme inconnue"):
            self.env["cnas.assure"].with_user(self.superviseur).exporter_registre(forme="xml")
        self.assure._ecrire({"nni": "TSTDCI1"})
        for forme, genre in (("dci_social", "Group"), ("dci_civil", "CRVS_Person")):
            rendu = self.env["cnas.assure"].with_user(self.superviseur).exporter_registre("2020-01-01", forme=forme)
            self.assertTrue(rendu["nom"].endswith(".json"))
            octets = base64.b64decode(rendu["contenu"])
            lu = dci.lire_envoi(octets)
            emetteur, texte, signature = dci.lire_signature(lu)
            self.assertTrue(emetteur == "cnas" and self.env["cnas.signature"]._verifier(texte, signature))
            self.assertEqual({fiche["@type"] for _ou, _dit, fiche in dci.enregistrements(lu)}, {genre})
        personnes = {_valeur(fiche, "MATRICULE"): fiche for _ou, _dit, fiche in dci.enregistrements(lu)}
        self.assertEqual((personnes[self.assure.matricule]["name"]["surname"], _valeur(personnes[self.assure.matricule], "UIN")), ("ESSAI", "TSTDCI1"))
        self.assertNotIn("phone_number", octets.decode())
        membres = dci.lire_membres(dci.lire_envoi(base64.b64decode(
            self.env["cnas.assure"].with_user(self.superviseur).exporter_registre("2020-01-01", forme="dci_social")["contenu"])))
        siens = [m for m in membres if m["menage"] == self.assure.matricule]
        self.assertEqual((siens[0]["lien"], siens[0]["nom"], siens[0]["nni"]), ("chef", "ESSAI", "TSTDCI1"))


def _valeur(fiche, genre):
    return next((n["identifier_value"] for n in fiche["identifier"] if n["identifier_type"] == genre), None)

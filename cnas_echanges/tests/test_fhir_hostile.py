import copy
import json
import random

from odoo.tests import tagged
from odoo.tools import mute_logger

from . import exemples_hl7
from .commun_fhir import CommunFhir

# Ce qu'un logiciel mal écrit, ou malveillant, met à la place d'une valeur.
POISONS = (None, True, False, 0, -1, 2**63, 10**40, 1.5, "", " ", "x" * 70_000, "\u0000", "é\u202e", "' OR 1=1 --", "../../etc/passwd", [], [[]], [None],
           {}, {"a": {}}, {"value": 1, "currency": "EUR"}, {"value": 12, "unit": "kg"}, {"reference": 1}, {"reference": "Patient/"},
           {"coding": [{"code": {}}]}, {"coding": "X"}, [{"coding": []}], "2026-02-31", "9999-12-31T23:59:59+14:00", "2026-11-10T10:00:00-99:00", "%00",
           "Patient/" + "9" * 64)


@tagged("post_install", "-at_install", "cnas")
class TestFhirHostile(CommunFhir):
    """Cinq cents ressources hostiles : un `OperationOutcome` clair, jamais 500, rien d'écrit."""

    def empreinte(self):
        self.env.flush_all()
        return [self.env[modele].sudo().search_count([]) for modele in ("cnas.feuille_soin", "cnas.entente_prealable", "cnas.passage", "ir.attachment")]

    def chemins(self, valeur, chemin=()):
        """Rend les chemins de toutes les valeurs d'une ressource."""
        yield chemin
        enfants = valeur.items() if isinstance(valeur, dict) else enumerate(valeur) if isinstance(valeur, list) else ()
        for cle, enfant in enfants:
            yield from self.chemins(enfant, (*chemin, cle))

    def empoisonner(self, ressource, chemin, poison):
        copie = copy.deepcopy(ressource)
        cible = copie
        for cle in chemin[:-1]:
            cible = cible[cle]
        cible[chemin[-1]] = poison
        return copie

    def juger(self, statut, rendu):
        """Un refus est clair, et n'est jamais de notre faute."""
        self.assertLess(statut, 500, rendu)
        if rendu["resourceType"] == "OperationOutcome":
            self.assertTrue(all(faute["diagnostics"] for faute in rendu["issue"]))
            self.assertGreaterEqual(statut, 400)
        for entree in rendu.get("entry", ()):
            if "outcome" in entree.get("response", {}):
                self.juger(int(entree["response"]["status"]), entree["response"]["outcome"])

    def test_cinq_cents_ressources(self):
        """Chaque valeur d'une demande, d'une entente, d'une éligibilité ou d'un paquet, empoisonnée à son tour."""
        hasard = random.Random(22)
        entente = self.claim("H-E", use="preauthorization")
        eligible = {"resourceType": "CoverageEligibilityRequest", "status": "active", "purpose": ["validation"],
                    "patient": {"reference": "Patient/TD00"}, "servicedDate": "2026-11-25"}
        mauvais = self.claim("H-C", patient={"reference": "Patient/TD00"})
        cas = [("/Claim", mauvais), ("/Claim", {**entente, "patient": {"reference": "Patient/TD00"}}), ("/CoverageEligibilityRequest", eligible),
               ("/CoverageEligibilityRequest/$submit", eligible), ("/Claim/$submit", mauvais),
               ("", {"resourceType": "Bundle", "type": "transaction", "entry": [
                   {"resource": mauvais, "request": {"method": "POST", "url": "Claim", "ifNoneExist": "identifier=1"}}]}),
               ("", {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET", "url": "Claim/1"}}]})]
        self.env["cnas.parametre"].search([("code", "in", ("debit_droits_formation", "debit_droits_adresse"))]).sudo()._ecrire({"valeur": "100000"})
        avant, joues = self.empreinte(), 0
        while joues < 500:
            chemin, ressource = cas[joues % len(cas)]
            tires = [self.empoisonner(r, hasard.choice([place for place in self.chemins(r) if place]), hasard.choice(POISONS))
                     for r in ([ressource] if joues < 60 else [cas[n % 3][1] for n in range(20)])]
            # les soixante premières une à une, les autres par lots : chacune y a son verdict
            hostile = tires[0] if joues < 60 else {"resourceType": "Bundle", "type": "batch", "entry": [
                {"resource": tire, "request": {"method": "POST", "url": cas[n % 3][0][1:]}} for n, tire in enumerate(tires)]}
            with mute_logger("odoo.http", "odoo.sql_db"):
                reponse, rendu = self.fhir("POST", chemin if joues < 60 else "", hostile)
            joues += len(tires)
            with self.subTest(chemin=chemin, hostile=json.dumps(hostile)[:2000]):
                self.juger(reponse.status_code, rendu)
        self.assertEqual(self.empreinte(), avant)

    def test_octets_hostiles(self):
        """Dix mégaoctets, un encodage faux, un JSON profond ou tronqué, d'autres genres : refusés d'une phrase."""
        profond = ("{\"a\":" * 3000 + "1" + "}" * 3000).encode()
        for octets, statut in ((b" " * (10 * 1024 * 1024 + 1), 413), ("{\"é\": 1}".encode("latin-1"), 400), (profond, 400), (b"[" * 100_000, 400),
                               (b"{\"a\": NaN}", 400), (b"{\"a\":", 400), (b"[]", 400), (b"", 400), (b"null", 400), (b"\xff\xfe", 400),
                               (b"{\"resourceType\": \"Claim\", \"n\": " + b"9" * 5000 + b"}", 400), (b"{\"resourceType\": \"Patient\"}", 422)):
            with self.subTest(octets=octets[:30]), mute_logger("odoo.http"):
                reponse, rendu = self.fhir("POST", "/Claim", octets=octets)
                self.assertIn(reponse.status_code, (statut, 400) if statut == 422 else (statut,), rendu)
                self.assertTrue(self.textes(rendu))
        self.fhir("POST", "/Claim", octets=b"<Claim/>", Content_Type="application/fhir+xml", statut=415)
        self.fhir("GET", "/Organization", statut=406, Accept="application/fhir+xml")

    def refuser(self, methode, chemin, statuts, **envoi):
        """Un refus est un `OperationOutcome` en français, de l'un de ces statuts."""
        with self.subTest(methode=methode, chemin=chemin, envoi=str(envoi)[:80]), mute_logger("odoo.http", "odoo.sql_db"):
            reponse, rendu = self.fhir(methode, chemin, **envoi)
            self.assertIn(reponse.status_code, statuts, rendu)
            self.assertIn("fhir+json", reponse.headers["Content-Type"])
            if methode != "HEAD":
                self.assertTrue(self.textes(rendu))

    def test_enveloppes_fausses(self):
        """Encodages, genres, `Accept`, méthodes, pages, versions : chacun faux à son tour, rien d'écrit."""
        bon, avant = json.dumps(self.claim("EF-1"), ensure_ascii=False), self.empreinte()
        for octets in (bon.encode("utf-16"), bon.encode("utf-16-le"), bon.encode("utf-32"), b"\xef\xbb\xbf\xef\xbb\xbf" + bon.encode(), bon.encode()[:-1],
                       bon.encode()[:200], b"<Claim xmlns=\"http://hl7.org/fhir\"/>", b"\x1f\x8b\x08" + bon.encode(), b"%PDF-1.4", bon.encode() * 2):
            self.refuser("POST", "/Claim", (400,), octets=octets)
        for genre in ("application/fhir+xml", "text/html", "text/plain; charset=latin-1", "multipart/form-data; boundary=x", "é".encode("latin-1"), "x" * 4000):
            self.refuser("POST", "/Claim", (400, 415), octets=bon.encode(), Content_Type=genre)
        self.refuser("POST", "/Claim", (400, 415), octets=bon.encode(), Content_Type="application/x-www-form-urlencoded")
        for voulu in ("application/fhir+xml", "text/html", "image/*", "é".encode("latin-1"), ";;;,,,", "x" * 4000):
            self.refuser("GET", "/Organization", (406,), Accept=voulu)
        for methode in ("DELETE", "PATCH", "PUT", "TRACE", "PROPFIND", "FOO"):
            self.refuser(methode, "/Claim", (400, 405, 415, 501), octets=b"{}")
            self.refuser(methode, "", (400, 405, 415, 501), octets=b"{}")
        for query in ("_count=-1", "_count=99999999999", "_count=1e3", "_count=%D9%A1", "_offset=-5", "_offset=9999999", "_page=2", "_getpages=x", "_sort=id",
                      "_include=*", "page=2", "_summary=text", "_format=xml", "a=1&" * 200):
            self.refuser("GET", f"/Claim?{query}", (400, 406))
        feuille = self.deposee("EF-2")
        for etag in ('W/"1"', '"x"', "*", "W/", "é".encode("latin-1"), "' OR 1=1"):
            self.refuser("PUT", f"/Claim/{feuille.id}", (412,), corps={"resourceType": "Claim", "status": "cancelled"}, If_Match=etag)
        for condition in ("?", "identifier=", "x=1", "é".encode("latin-1"), "identifier=%00"):
            self.refuser("POST", "/Claim", (400,), corps=self.claim("EF-3"), If_None_Exist=condition)
        self.assertEqual(feuille.state, "deposee")
        self.assertEqual([maintenant - alors for maintenant, alors in zip(self.empreinte(), avant)][:3], [1, 0, 0], "la feuille de l'essai, et elle seule")

    def test_paquets_faux(self):
        """Dix mille entrées, des paquets dans des paquets, des demandes qui se désignent l'une l'autre : refusés, rien d'écrit."""
        avant = self.empreinte()

        def paquet(*entrees, genre="transaction"):
            return {"resourceType": "Bundle", "type": genre, "entry": list(entrees)}

        def poste(ressource, **autres):
            return {"resource": ressource, "request": {"method": "POST", "url": "Claim"}, **autres}
        lecture = {"request": {"method": "GET", "url": "Organization/cnas"}}
        self.refuser("POST", "", (400,), corps=paquet(*[lecture] * 10_000, genre="batch"))
        self.refuser("POST", "", (400, 404, 405, 422), corps=paquet({"resource": paquet(lecture), "request": {"method": "POST", "url": "Bundle"}}))
        self.refuser("POST", "", (400, 404, 405, 422), corps=paquet({"resource": paquet(lecture), "request": {"method": "POST", "url": ""}}))
        lien = {"relationship": {"coding": [{"code": "prior"}]}}
        tournent = [self.claim(f"CI-{rang}", related=[{**lien, "reference": {"value": f"CI-{1 - rang}"}, "claim": {"reference": f"urn:uuid:{1 - rang}"}}])
                    for rang in (0, 1)]
        self.refuser("POST", "", (400, 422), corps=paquet(*[poste(r, fullUrl=f"urn:uuid:{n}") for n, r in enumerate(tournent)]))
        self.refuser("POST", "/Claim", (400, 422), corps=self.claim("CI-3", related=[{**lien, "reference": {"value": "CI-3"}}]))
        self.refuser("POST", "/Claim", (400, 422), corps=self.claim("CI-4", patient={"reference": "#p"}, contained=[
            {"resourceType": "Patient", "id": "p", "link": [{"other": {"reference": "#p"}, "type": "seealso"}]}]))
        self.assertEqual(self.empreinte(), avant)

    def test_exemples_de_la_norme(self):
        """Les exemples publics de HL7 parlent d'ailleurs : compris, refusés pour ce qui n'est pas d'ici, rien d'écrit."""
        avant = self.empreinte()
        _r, refus = self.fhir("POST", "/Claim", exemples_hl7.CLAIM, statut=422)
        self.assertIn("franc CFA", self.textes(refus))
        self.assertIn("Claim.item[0].unitPrice", [faute["expression"][0] for faute in refus["issue"]])
        _r, refus = self.fhir("POST", "/CoverageEligibilityRequest", exemples_hl7.ELIGIBILITE, statut=422)
        self.assertEqual(refus["issue"][0]["code"], "not-found")
        self.assertEqual(self.empreinte(), avant)

    def test_adresses_hostiles(self):
        """Des adresses devinées ou tordues : du FHIR, jamais 500, jamais une page."""
        self.env["cnas.parametre"].search([("code", "in", ("debit_droits_formation", "debit_droits_adresse"))]).sudo()._ecrire({"valeur": "100000"})
        for chemin in ("/", "/Rien", "/Claim/abc", "/Claim/-1", "/Claim/99999999999999999999", "/Claim/entente-", "/Claim/entente-x", "/Claim/1/2/3",
                       "/Claim?_count=x", "/Claim?_count=-1", "/Claim?_offset=99999999", "/Claim?created=hier", "/Claim?created=ge2026-13-45",
                       "/Claim?patient=Organization/1", "/Claim?use=autre", "/Claim?identifier=%00", "/Claim?identifier=%FF%FE", "/Patient", "/Patient?name=A",
                       "/Patient/%C3%A9", "/Claim/%2e%2e", "/Patient/x-zz", "/Coverage?beneficiary=a&beneficiary=b", "/CoverageEligibilityResponse/x.20269999",
                       "/CoverageEligibilityResponse/TD1.00000000", "/PaymentNotice/1", "/PaymentNotice?request=Claim/abc", "/PaymentNotice?request=Claim/x-c2b2", "/ChargeItemDefinition?_count=1000000",
                       "/Claim?_lastUpdated=0000", "/Claim?_lastUpdated=ge", "/Claim/_search?x=1", "/Claim/$submit", "/$metadata", "/Claim/1/_history/x"):
            with self.subTest(chemin=chemin), mute_logger("odoo.http", "odoo.sql_db"):
                reponse, rendu = self.fhir("GET", chemin)
                self.assertLess(reponse.status_code, 500, rendu)
                self.assertIn("fhir+json", reponse.headers["Content-Type"])

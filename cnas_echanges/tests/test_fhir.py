from odoo.tests import tagged

from odoo.addons.cnas_base.tests.common import pdf_base64
from odoo.addons.cnas_echanges.controllers.fhir.demandes import Claim, ClaimResponse
from odoo.addons.cnas_echanges.controllers.fhir.porte import RESSOURCES
from odoo.addons.cnas_echanges.fhir import elements

from .commun_fhir import CommunFhir


@tagged("post_install", "-at_install", "cnas")
class TestFhir(CommunFhir):
    """La porte FHIR : ce qu'elle annonce, ce qu'elle rend, ce qu'elle refuse, ce que le voisin n'y voit pas."""

    # ------------------------------------------------------------------ entrer
    def test_capacites(self):
        """Sans jeton, l'énoncé des capacités, et lui seul ; il n'annonce que ce qui marche."""
        _reponse, enonce = self.fhir("GET", "/metadata", statut=200, login=None)
        self.assertEqual({r["type"] for r in enonce["rest"][0]["resource"]}, set(RESSOURCES))
        for ressource in enonce["rest"][0]["resource"]:
            codes = {i["code"] for i in ressource["interaction"]}
            if "search-type" not in codes:
                self.fhir("GET", f"/{ressource['type']}", statut=405)
            if "create" not in codes:
                self.fhir("POST", f"/{ressource['type']}", {"resourceType": ressource["type"]}, statut=405)
            for nom in (p["name"] for p in ressource.get("searchParam", ())):
                reponse, _r = self.fhir("GET", f"/{ressource['type']}?{nom}={'2026-01-01' if nom in ('created', '_lastUpdated') else 'claim' if nom == 'use' else 'X'}")
                self.assertIn(reponse.status_code, (200, 404, 400), (ressource["type"], nom))
                if reponse.status_code == 400:
                    self.assertNotIn("Critère inconnu", self.textes(_r))

    def test_jeton(self):
        reponse, rendu = self.fhir("GET", "/Patient?identifier=X", statut=401, login=None)
        self.assertIn("Bearer", reponse.headers["WWW-Authenticate"])
        self.assertIn("jeton", self.textes(rendu))
        self.opener.headers["Authorization"] = "Bearer " + "0" * 40
        self.fhir("GET", "/Patient?identifier=X", statut=401, login=None)
        del self.opener.headers["Authorization"]
        self.portail.sudo().active = False
        self.fhir("GET", "/Organization", statut=401)

    # ------------------------------------------------------------------ le parcours
    def test_parcours(self):
        """Éligibilité, demande, réponse ; la réponse est celle de XML-RPC, au franc."""
        matricule = self.assure.matricule
        _r, patients = self.fhir("GET", f"/Patient?identifier={matricule}", statut=200)
        self.assertEqual(patients["entry"][0]["resource"]["id"], matricule)
        self.assertNotIn("birthDate", patients["entry"][0]["resource"], "le portail ne montre pas la fiche")
        _r, couverture = self.fhir("GET", f"/Coverage/{matricule}", statut=200)
        self.assertEqual(couverture["status"], "active")
        demande = {"resourceType": "CoverageEligibilityRequest", "status": "active", "purpose": ["validation"], "created": "2026-11-25",
                   "patient": {"reference": f"Patient/{matricule}"}, "insurer": {"reference": "Organization/cnas"}}
        reponse, creee = self.fhir("POST", "/CoverageEligibilityRequest", demande, statut=201)
        self.assertIn(creee["id"], reponse.headers["Location"])
        _r, eligible = self.fhir("GET", f"/CoverageEligibilityResponse?request=CoverageEligibilityRequest/{creee['id']}", statut=200)
        self.assertTrue(eligible["entry"][0]["resource"]["insurance"][0]["inforce"])
        _r, submit = self.fhir("POST", "/CoverageEligibilityRequest/$submit", demande, statut=200)
        self.assertEqual(submit["resourceType"], "CoverageEligibilityResponse")

        reponse, depose = self.fhir("POST", "/Claim", self.claim(), statut=201)
        feuille = self.feuilles.browse(int(depose["id"]))
        self.assertEqual((feuille.reference, feuille.formation_id, feuille.state), ("FH-1", self.formation, "deposee"))
        self.fhir("POST", "/Claim", self.claim(), statut=200)
        feuille.with_user(self.controleur).action_controler()
        self.env.flush_all()
        _r, rendu = self.fhir("GET", f"/ClaimResponse?request=Claim/{feuille.id}", statut=200)
        decision = rendu["entry"][0]["resource"]
        total = {t["category"]["coding"][0]["code"]: t["amount"]["value"] for t in decision["total"]}
        lue = self.feuilles.with_user(self.portail).browse(feuille.id).read(
            ["montant_facture", "montant_base", "montant_cnas", "ticket_moderateur", "depassement", "montant_rejete"])[0]
        self.assertEqual([total[c] for c in ("submitted", "eligible", "benefit", "copay", "depassement", "rejete")], [
            lue[c] for c in ("montant_facture", "montant_base", "montant_cnas", "ticket_moderateur", "depassement", "montant_rejete")])
        for item, ligne in zip(decision["item"], feuille.ligne_ids):
            cases = {a["category"]["coding"][0]["code"]: a.get("amount", {}).get("value") for a in item["adjudication"]}
            self.assertEqual((cases["submitted"], cases["benefit"]), (ligne.montant_facture, ligne.montant_cnas))

    def test_motif_par_ligne(self):
        """Un prix au-dessus du tarif : la ligne dit son motif, sur ce qui est retenu."""
        _r, depose = self.fhir("POST", "/Claim", self.claim("FH-9", lignes=[("T-ACT-1", 1, 5000)]), statut=201)
        self.feuilles.browse(int(depose["id"])).with_user(self.controleur).action_controler()
        _r, decision = self.fhir("GET", f"/ClaimResponse/{depose['id']}", statut=200)
        raisons = [a.get("reason") for a in decision["item"][0]["adjudication"] if a.get("reason")]
        self.assertTrue(raisons and raisons[0]["coding"][0]["code"], decision)

    def test_entente(self):
        """`preauthorization` : une demande d'entente, la même deux fois ne se crée pas deux fois ; accordée, elle dit son numéro."""
        self.acte.prestation_id.entente_prealable = True
        demande = self.claim("EP-1", use="preauthorization", lignes=[("T-ACT-1", 2, 1500)], supportingInfo=[
            {"sequence": 1, "category": {"coding": [{"code": "info"}]}, "valueString": "Nécessaire"},
            {"sequence": 2, "category": {"coding": [{"code": "attachment"}]}, "code": {"coding": [{"system": elements.PIECE, "code": "ORDONNANCE"}]},
             "valueAttachment": {"contentType": "application/pdf", "title": "ordonnance.pdf", "data": pdf_base64()}}])
        _r, creee = self.fhir("POST", "/Claim", demande, statut=201)
        self.assertTrue(creee["id"].startswith("entente-"))
        _r, redite = self.fhir("POST", "/Claim", demande, statut=200)
        self.assertEqual(redite["id"], creee["id"])
        self.fhir("POST", "/Claim", self.claim("EP-1", use="preauthorization", lignes=[("T-ACT-1", 3, 1500)], supportingInfo=demande["supportingInfo"]), statut=422)
        entente = self.env["cnas.entente_prealable"].browse(int(creee["id"].split("-")[1]))
        self.assertEqual((entente.quantite_demandee, entente.montant_demande, len(entente.piece_ids)), (2, 3000, 1))
        _r, attente = self.fhir("GET", f"/ClaimResponse/{creee['id']}", statut=200)
        self.assertEqual(attente["outcome"], "queued")
        entente.with_user(self.medecin).action_examiner()
        entente.with_user(self.medecin).action_accorder()
        _r, accord = self.fhir("GET", f"/ClaimResponse?request=Claim/{creee['id']}", statut=200)
        self.assertEqual(accord["entry"][0]["resource"]["preAuthRef"], entente.numero)
        _r, liste = self.fhir("GET", f"/Claim?use=preauthorization&patient=Patient/{self.assure.matricule}", statut=200)
        self.assertEqual(liste["total"], 1)

    # ------------------------------------------------------------------ cloison et secret
    def test_la_cloison(self):
        """Ce qui est au voisin répond comme ce qui n'existe pas ; déposer pour lui se refuse ; rien n'est écrit."""
        ailleurs = self.deposee("V-1", formation="T-HD-01")
        for type_ressource in ("Claim", "ClaimResponse"):
            _r, interdit = self.fhir("GET", f"/{type_ressource}/{ailleurs.id}", statut=404)
            _r, absent = self.fhir("GET", f"/{type_ressource}/2147483000", statut=404)
            self.assertEqual(self.textes(interdit).replace(str(ailleurs.id), "N"), self.textes(absent).replace("2147483000", "N"))
            _r, liste = self.fhir("GET", f"/{type_ressource}", statut=200)
            self.assertNotIn(str(ailleurs.id), [e["resource"]["id"] for e in liste.get("entry", ())])
        self.fhir("GET", f"/Claim/{ailleurs.id}", statut=200, login="t_voisin")
        avant = self.feuilles.search_count([])
        _r, refus = self.fhir("POST", "/Claim", self.claim("V-2", provider={"reference": "Organization/T-HD-01"}), statut=422)
        self.assertIn("n'est pas la vôtre", self.textes(refus))
        self.assertEqual(self.feuilles.search_count([]), avant)
        self.fhir("PUT", f"/Claim/{ailleurs.id}", {"resourceType": "Claim", "status": "cancelled"}, statut=404)

    def test_le_diagnostic_suit_le_secret(self):
        """La formation et le contrôleur lisent le diagnostic ; l'agent non ; la finance n'ouvre pas le dossier."""
        feuille = self.deposee("S-1")
        for login, lit in (("t_portail", True), ("t_controleur", True), ("t_agent", False)):
            _r, rendu = self.fhir("GET", f"/Claim/{feuille.id}", statut=200, login=login)
            self.assertEqual("diagnosis" in rendu, lit, login)
        self.fhir("GET", f"/Claim/{feuille.id}", statut=403, login="t_finance")
        self.assertTrue(self.env["cnas.journal"].search([("evenement", "=", "lecture"), ("user_id", "=", self.controleur.id),
                                                         ("modele", "=", "cnas.feuille_soin")]))

    def test_la_reponse_attend_la_decision(self):
        """Comme au portail, ce que le contrôle calcule ne se montre qu'une fois décidé."""
        feuille = self.deposee("AD-1")
        feuille.with_user(self.controleur).action_controler()
        self.assertNotIn("attente", feuille.ligne_ids.mapped("decision"))
        for etat, montre in (("controle", False), ("avis_medical", False), ("validee", True)):
            feuille.sudo()._ecrire({"state": etat})
            _r, rendu = self.fhir("GET", f"/ClaimResponse/{feuille.id}", statut=200)
            codes = {a["category"]["coding"][0]["code"] for i in rendu["item"] for a in i["adjudication"]} | {
                t["category"]["coding"][0]["code"] for t in rendu["total"]}
            self.assertEqual("benefit" in codes, montre, etat)

    def test_un_paquet_n_a_que_cinq_essais(self):
        """Mille codes dans un seul paquet n'en font pas plus que cinq : le bon, après eux, est refusé."""
        self.env["cnas.passage"].with_user(self.portail).demander("T-CS-01", self.assure.matricule, "portail")
        passage = self.env["cnas.passage"].search([("assure_id", "=", self.assure.id)])
        juste = passage._code()
        codes = [str(n).zfill(6) for n in range(6) if str(n).zfill(6) != juste][:5] + [juste]
        demandes = [self.claim(f"PQ-{rang}", billablePeriod={"start": str(passage.jour)}, supportingInfo=[
            {"sequence": 1, "category": {"coding": [{"code": "code-de-passage"}]}, "valueString": code}]) for rang, code in enumerate(codes)]
        _r, lot = self.fhir("POST", "", {"resourceType": "Bundle", "type": "batch", "entry": [
            {"resource": d, "request": {"method": "POST", "url": "Claim"}} for d in demandes]}, statut=200)
        self.assertEqual([e["response"]["status"] for e in lot["entry"]], ["422"] * 6)
        self.assertIn("Trop d'essais", self.textes(lot["entry"][-1]["response"]["outcome"]))

    def test_une_transaction_tient_le_debit(self):
        """Les vérifications d'une même transaction se comptent entre elles."""
        self.env["cnas.parametre"].search([("code", "=", "debit_droits_formation")]).sudo()._ecrire({"valeur": "2"})
        lectures = [{"request": {"method": "GET", "url": f"{genre}/{assure.matricule}"}}
                    for genre in ("Patient", "Coverage") for assure in (self.assure, self.enfant)]
        _r, refus = self.fhir("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": lectures}, statut=422)
        self.assertIn("Trop de vérifications", self.textes(refus))

    def test_deviner_se_compte(self):
        """Deviner des numéros laisse une trace à chaque essai, dans un paquet annulé aussi."""
        journal = self.env["cnas.journal"]
        avant = journal.search_count([("evenement", "=", "verification_droits")])
        self.fhir("GET", "/Patient/TD99", statut=404)
        self.fhir("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": [{"request": {"method": "GET", "url": "Patient/TD98"}}]}, statut=404)
        self.fhir("POST", "", {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET", "url": "Coverage/TD97"}}]}, statut=200)
        self.assertEqual(journal.search_count([("evenement", "=", "verification_droits")]), avant + 3)

    # ------------------------------------------------------------------ recherche, versions, paquets
    def test_recherche_et_pages(self):
        for rang in range(5):
            self.deposee(f"P-{rang}")
        vus, chemin = [], "/Claim?_count=2&created=ge2020-01-01"
        while chemin:
            _r, page = self.fhir("GET", chemin, statut=200)
            vus += [e["resource"]["id"] for e in page.get("entry", ())]
            suite = next((li["url"] for li in page["link"] if li["relation"] == "next"), "")
            chemin = suite.partition("/fhir")[2]
        self.assertEqual((len(vus), len(set(vus))), (page["total"], page["total"]))
        self.assertGreaterEqual(len(vus), 5)
        _r, rendu = self.fhir("GET", "/Claim?inconnu=1", statut=400)
        self.assertIn("Critère inconnu", self.textes(rendu))
        _r, compte = self.fhir("GET", "/Claim?_summary=count", statut=200)
        self.assertNotIn("entry", compte)
        _r, une = self.fhir("GET", "/Claim?identifier=P-3", statut=200)
        self.assertEqual(une["total"], 1)
        _r, aucune = self.fhir("GET", "/Claim?_lastUpdated=gt2100-01-01", statut=200)
        self.assertEqual(aucune["total"], 0)
        _r, poste = self.fhir("POST", "/Claim/_search", octets=b"identifier=P-3", Content_Type="application/x-www-form-urlencoded", statut=200)
        self.assertEqual(poste["total"], 1)

    def test_versions(self):
        """ETag, 304, version lue, If-Match, If-None-Exist."""
        reponse, depose = self.fhir("POST", "/Claim", self.claim("VE-1"), statut=201)
        etag = reponse.headers["ETag"]
        reponse, _v = self.fhir("GET", f"/Claim/{depose['id']}", If_None_Match=etag)
        self.assertEqual((reponse.status_code, reponse.content), (304, b""))
        self.fhir("GET", f"/Claim/{depose['id']}/_history/{depose['meta']['versionId']}", statut=200)
        self.fhir("GET", f"/Claim/{depose['id']}/_history/1", statut=404)
        _r, meme = self.fhir("POST", "/Claim", self.claim("VE-1", lignes=[("T-ACT-1", 1, 100)]), statut=200, If_None_Exist="identifier=VE-1")
        self.assertEqual(meme["id"], depose["id"])
        annulee = {"resourceType": "Claim", "status": "cancelled"}
        self.fhir("PUT", f"/Claim/{depose['id']}", annulee, statut=412, If_Match='W/"1"')
        self.fhir("PUT", f"/Claim/{depose['id']}", {**annulee, "status": "active"}, statut=422)
        _r, rendu = self.fhir("PUT", f"/Claim/{depose['id']}", annulee, statut=200, If_Match=etag)
        self.assertEqual(rendu["status"], "cancelled")
        self.fhir("DELETE", f"/Claim/{depose['id']}", statut=405)

    def test_transaction(self):
        """Tout ou rien : une mauvaise demande annule les bonnes ; bonnes, elles se déposent ensemble."""
        def paquet(*demandes, genre="transaction"):
            return {"resourceType": "Bundle", "type": genre, "entry": [
                {"fullUrl": f"urn:uuid:{rang}", "resource": d, "request": {"method": "POST", "url": "Claim"}} for rang, d in enumerate(demandes)]}
        bonnes = [self.claim(f"T-{rang}") for rang in range(3)]
        avant = self.feuilles.search_count([])
        _r, refus = self.fhir("POST", "", paquet(*bonnes, self.claim("T-9", patient={"reference": "Patient/TD00"})), statut=422)
        self.assertIn("Bundle.entry[3].resource", refus["issue"][0]["expression"])
        self.assertEqual(self.feuilles.search_count([]), avant)
        mele = paquet(self.claim("T-9", patient={"reference": "Patient/TD00"}))
        mele["entry"].insert(0, {"request": {"method": "GET", "url": "Organization/cnas"}})
        _r, refus = self.fhir("POST", "", mele, statut=422)
        self.assertEqual(refus["issue"][0]["expression"], ["Bundle.entry[1].resource"])
        _r, rendu = self.fhir("POST", "", paquet(*bonnes), statut=200)
        self.assertEqual([e["response"]["status"] for e in rendu["entry"]], ["201"] * 3)
        self.assertEqual(self.feuilles.search_count([]), avant + 3)
        _r, lot = self.fhir("POST", "", paquet(self.claim("T-8"), self.claim("T-9", patient={"reference": "Patient/TD00"}), genre="batch"), statut=200)
        self.assertEqual([e["response"]["status"] for e in lot["entry"]], ["201", "422"])
        self.assertEqual(self.feuilles.search_count([]), avant + 4)

    def test_offre(self):
        _r, tarif = self.fhir("GET", "/ChargeItemDefinition/T-ACT-1", statut=200)
        self.assertEqual(tarif["propertyGroup"][0]["priceComponent"][0]["amount"], {"value": 1500, "currency": "XAF"})
        _r, formation = self.fhir("GET", "/Organization/T-CS-01", statut=200)
        self.assertEqual(formation["name"], self.formation.name)
        self.fhir("GET", "/Organization/cnas", statut=200)
        self.praticien.formation_ids = self.formation
        _r, praticiens = self.fhir("GET", "/Practitioner?identifier=T-9001", statut=200)
        self.assertLessEqual(praticiens["total"], 1)

    def test_requetes_constantes(self):
        """Lire vingt demandes coûte ce qu'en coûte une."""
        for rang in range(12):
            self.deposee(f"Q-{rang}")
        for classe in (Claim, ClaimResponse):
            ressource = classe(self.env(user=self.portail))
            ressource.chercher([], 0, 12)
            un, douze = (self.requetes(lambda n=n, r=ressource: r.chercher([], 0, n)) for n in (1, 12))
            self.assertLessEqual(douze, un + 1, classe.type)

    def requetes(self, geste):
        self.env.flush_all()
        self.env.invalidate_all()
        avant = self.env.cr.sql_log_count
        geste()
        return self.env.cr.sql_log_count - avant

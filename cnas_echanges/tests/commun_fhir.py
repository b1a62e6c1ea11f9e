import importlib
import json

from odoo.addons.cnas_echanges.fhir import elements
from odoo.addons.cnas_feuilles_soin.tests.commun_portail import CommunPortail


def valider(ressource):
    """Valide une ressource rendue par `fhir.resources` (R4B : la R4 corrigée) ; absente de la machine, le test échoue."""
    importlib.import_module(f"fhir.resources.R4B.{ressource['resourceType'].lower()}")
    return importlib.import_module("fhir.resources.R4B").get_fhir_model_class(ressource["resourceType"]).model_validate_json(json.dumps(ressource))


class CommunFhir(CommunPortail):
    """La porte FHIR par de vraies requêtes, avec le jeton d'une formation et celui de sa voisine."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.jetons = {usager.login: cls.env["res.users.apikeys"].with_user(usager)._generate("rpc", "essai")
                      for usager in (cls.portail, cls.voisin, cls.agent, cls.controleur, cls.finance)}
        cls.base = "/fhir"

    def setUp(self):
        super().setUp()
        self.authenticate(None, None)

    def fhir(self, methode, chemin, corps=None, statut=None, login="t_portail", octets=None, **entetes):
        """Rend (réponse, JSON) ; tout ce qui est rendu est validé."""
        entetes = {nom.replace("_", "-"): valeur for nom, valeur in entetes.items()}
        if login:
            entetes["Authorization"] = f"Bearer {self.jetons[login]}"
        if corps is not None or octets is not None:
            entetes.setdefault("Content-Type", "application/fhir+json")
        donnees = octets if octets is not None else json.dumps(corps).encode() if corps is not None else None
        self.env.flush_all()
        reponse = self.opener.request(methode, self.base_url() + self.base + chemin, data=donnees, headers=entetes, timeout=60)
        self.env.invalidate_all()
        rendu = reponse.json() if reponse.content else {}
        if rendu:
            valider(rendu)
        if statut:
            self.assertEqual(reponse.status_code, statut, rendu)
        return reponse, rendu

    def claim(self, reference="FH-1", **autres):
        """Rend un `Claim` bon à déposer, le même que `dossier()`."""
        lignes = autres.pop("lignes", [("T-ACT-1", 1, 1500), ("T-MED-1", 6, 200)])
        return {
            "resourceType": "Claim", "status": "active", "use": "claim", "created": "2026-11-12",
            "identifier": [{"system": elements.REFERENCE, "value": reference}],
            "type": {"coding": [{"system": elements.HL7 + "claim-type", "code": "professional"}]},
            "priority": {"coding": [{"code": "normal"}]},
            "patient": {"reference": f"Patient/{self.assure.matricule}"}, "provider": {"reference": "Organization/T-CS-01"},
            "billablePeriod": {"start": "2026-11-10"},
            "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": f"Coverage/{self.assure.matricule}"}}],
            "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": {"coding": [{"system": elements.CIM10, "code": "X98.8"}]}}],
            "item": [{"sequence": rang, "productOrService": {"coding": [{"system": elements.PRESTATION, "code": code}]},
                      "quantity": {"value": quantite}, "unitPrice": {"value": prix, "currency": "XAF"}}
                     for rang, (code, quantite, prix) in enumerate(lignes, 1)], **autres}

    def textes(self, rendu):
        """Rend les phrases d'un refus."""
        self.assertEqual(rendu["resourceType"], "OperationOutcome")
        return " ".join(faute["diagnostics"] for faute in rendu["issue"])

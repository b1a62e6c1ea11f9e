"""La porte FHIR contre `importer` direct : lire, déposer, rendre cent demandes en un paquet."""
import json

from odoo.addons.cnas_echanges.controllers.fhir.demandes import Claim
from odoo.addons.cnas_echanges.controllers.fhir.paquet import Paquet, octets
from odoo.addons.cnas_echanges.fhir.elements import CIM10, HL7, PRESTATION, REFERENCE
from odoo.addons.cnas_echanges.fhir.reception import lire_corps

TITRE = "FHIR : un paquet de cent demandes contre importer"
NOMBRE = 100


class Porte:
    """Ce qu'un paquet demande à la porte, sans HTTP : les deux mesures s'arrêtent au même point."""

    def __init__(self, env):
        self.env = env

    def ressource(self, _type):
        return Claim(self.env)


def en_claim(feuille):
    """Rend le `Claim` d'une feuille au format d'`importer`."""
    def code(systeme, valeur):
        return {"coding": [{"system": systeme, "code": valeur}]}
    return {
        "resourceType": "Claim", "status": "active", "use": "claim", "created": feuille["date_soins"],
        "identifier": [{"system": REFERENCE, "value": feuille["reference"]}], "type": code(HL7 + "claim-type", "professional"),
        "priority": {"coding": [{"code": "normal"}]}, "patient": {"reference": f"Patient/{feuille['matricule']}"},
        "provider": {"reference": f"Organization/{feuille['formation']}"}, "billablePeriod": {"start": feuille["date_soins"]},
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": f"Coverage/{feuille['matricule']}"}}],
        "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": code(CIM10, feuille["pathologie"])}],
        "item": [{"sequence": rang, "productOrService": code(PRESTATION, ligne["prestation"]), "quantity": {"value": ligne["quantite"]},
                  "unitPrice": {"value": ligne["prix_unitaire"], "currency": "XAF"}} for rang, ligne in enumerate(feuille["lignes"], 1)]}


def mesurer(banc):
    """But : ≤ 2 × `importer` direct, du JSON reçu au JSON rendu."""
    banc.cr.execute("""
        SELECT s.code, a.matricule, f.date_soins::text, p.code,
               array_agg(n.code ORDER BY l.id), array_agg(l.quantite ORDER BY l.id), array_agg(l.prix_unitaire::int ORDER BY l.id)
          FROM cnas_feuille_soin f JOIN cnas_formation_sanitaire s ON s.id = f.formation_id JOIN cnas_assure a ON a.id = f.assure_id
          JOIN cnas_pathologie p ON p.id = f.pathologie_id JOIN cnas_feuille_soin_ligne l ON l.feuille_id = f.id
          JOIN cnas_prestation n ON n.id = l.prestation_id
         WHERE f.state <> 'brouillon' AND a.matricule IS NOT NULL
         GROUP BY f.id, s.code, a.matricule, p.code ORDER BY f.id LIMIT %s""", [NOMBRE])
    feuilles = [{"reference": f"BANC-{rang}", "formation": formation, "matricule": matricule, "date_soins": soins, "pathologie": pathologie,
                 "lignes": [{"prestation": c, "quantite": q, "prix_unitaire": p} for c, q, p in zip(codes, quantites, prix)]}
                for rang, (formation, matricule, soins, pathologie, codes, quantites, prix) in enumerate(banc.cr.fetchall())]
    corps = json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [
        {"resource": en_claim(feuille), "request": {"method": "POST", "url": "Claim"}} for feuille in feuilles]}).encode()
    importer = banc.env["cnas.feuille_soin"].importer
    direct = banc.chrono(lambda: importer(feuilles))
    porte = banc.chrono(lambda: octets(Paquet(Porte(banc.env), lire_corps(corps)).traiter()))
    banc.rapport(f"{len(feuilles)} demandes", porte, direct, 2)
    banc.noter("requêtes, importer", banc.requetes(lambda: importer(feuilles)), "")
    banc.noter("requêtes, FHIR", banc.requetes(lambda: Paquet(Porte(banc.env), lire_corps(corps)).traiter()), "")

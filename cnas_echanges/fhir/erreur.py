"""Le refus : une exception, et son `OperationOutcome` en français."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Faute:
    """Une phrase, et où elle se lit dans la ressource reçue."""

    phrase: str
    ou: str = ""
    code: str = "invalid"


class FhirErreur(Exception):
    """Ce qu'on refuse : un statut HTTP et des fautes."""

    def __init__(self, fautes, statut=400, code="invalid", verifie=None):
        # le numéro demandé en vain : sa vérification reste au journal et compte dans le débit, même si tout s'annule
        self.verifie = verifie
        fautes = [fautes] if isinstance(fautes, (str, Faute)) else fautes
        self.fautes = [faute if isinstance(faute, Faute) else Faute(faute, "", code) for faute in fautes]
        self.statut = statut
        super().__init__(" ".join(faute.phrase for faute in self.fautes))


def resultat(fautes, severite="error"):
    """Rend l'`OperationOutcome` de ces fautes."""
    return {"resourceType": "OperationOutcome", "issue": [
        {"severity": severite, "code": faute.code, "details": {"text": faute.phrase}, "diagnostics": faute.phrase,
         **({"expression": [faute.ou]} if faute.ou else {})} for faute in fautes]}

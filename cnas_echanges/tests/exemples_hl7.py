"""Deux exemples publics de la norme FHIR R4 (hl7.org/fhir/R4, domaine public CC0), à rejouer tels quels."""
CLAIM = {
    "resourceType": "Claim", "id": "100150",
    "text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">A human-readable rendering of the Oral Health Claim</div>"},
    "identifier": [{"system": "http://happyvalley.com/claim", "value": "12345"}], "status": "active",
    "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "oral"}]}, "use": "claim",
    "patient": {"reference": "Patient/1"}, "created": "2014-08-16", "insurer": {"reference": "Organization/2"},
    "provider": {"reference": "Organization/1"}, "priority": {"coding": [{"code": "normal"}]}, "payee": {"type": {"coding": [{"code": "provider"}]}},
    "careTeam": [{"sequence": 1, "provider": {"reference": "Practitioner/example"}}],
    "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": {"coding": [{"code": "123456"}]}}],
    "insurance": [{"sequence": 1, "focal": True, "identifier": {"system": "http://happyvalley.com/claim", "value": "12345"},
                   "coverage": {"reference": "Coverage/9876B1"}}],
    "item": [{"sequence": 1, "careTeamSequence": [1], "productOrService": {"coding": [{"code": "1200"}]}, "servicedDate": "2014-08-16",
              "unitPrice": {"value": 135.57, "currency": "USD"}, "net": {"value": 135.57, "currency": "USD"}}],
}
ELIGIBILITE = {
    "resourceType": "CoverageEligibilityRequest", "id": "52345",
    "identifier": [{"system": "http://happyvalley.com/coverageelegibilityrequest", "value": "52345"}], "status": "active",
    "priority": {"coding": [{"code": "normal"}]}, "purpose": ["validation"], "patient": {"reference": "Patient/pat1"}, "created": "2014-08-16",
    "provider": {"reference": "Organization/1"}, "insurer": {"reference": "Organization/2"},
    "insurance": [{"focal": True, "coverage": {"reference": "Coverage/9876B1"}}],
}

{
    "name": "CNAS — Échanges",
    "summary": "FHIR R4, DHIS2, organismes complémentaires, état civil, code de passage",
    "version": "17.0.1.0.0",
    "category": "CNAS",
    "author": "Caisse Nationale d'Assurance Santé",
    "website": "https://github.com/cnas-tchad/cnas",
    "license": "LGPL-3",
    "depends": ["cnas_facturation"],
    "data": [
    ],
}

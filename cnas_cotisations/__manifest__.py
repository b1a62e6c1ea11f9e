{
    "name": "CNAS — Cotisations",
    "summary": "Appels, encaissements, recouvrement, droits « à jour de cotisations »",
    "version": "17.0.1.0.0",
    "category": "CNAS",
    "author": "Caisse Nationale d'Assurance Santé",
    "website": "https://github.com/cnas-tchad/cnas",
    "license": "LGPL-3",
    "depends": ["cnas_employeurs", "cnas_feuilles_soin", "account"],
    "data": [
    ],
}

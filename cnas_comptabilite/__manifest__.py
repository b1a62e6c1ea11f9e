{
    "name": "CNAS — Comptabilité",
    "summary": "Pièces comptables, relevés rapprochés, clôture, budget, provisions",
    "version": "17.0.1.0.0",
    "category": "CNAS",
    "author": "Caisse Nationale d'Assurance Santé",
    "website": "https://github.com/cnas-tchad/cnas",
    "license": "LGPL-3",
    "depends": ["cnas_facturation", "account", "l10n_syscohada"],
    "data": [
    ],
}
